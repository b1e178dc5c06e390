import { MIN_NODE_VERSION } from '@tapedeck/runtime';
import type { Finding } from './finding.ts';
import { isAtLeast } from './is-at-least.ts';

/** Whether this Node is one that the workspaces are written for. */
export function examineNode(version = process.versions.node): Promise<Finding[]> {
  if (isAtLeast(version, MIN_NODE_VERSION)) return Promise.resolve([{ verdict: 'ok', what: `Node ${version}` }]);
  const advice = `Install Node ${MIN_NODE_VERSION} or later; the npm scripts bring one of their own.`;
  return Promise.resolve([{ verdict: 'fails', what: `Node ${version} is too old`, advice }]);
}
