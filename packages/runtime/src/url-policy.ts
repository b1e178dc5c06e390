import type { Environment } from './environment.ts';

/** The variables that decide it. What the API accepts, a worker with others would refuse. */
export const URL_POLICY_VARIABLES = ['ALLOW_PRIVATE_NETWORK', 'ALLOWED_URL_PORTS'] as const;

/** Which of the URLs that others give us we talk to: what assertUrlAllowed and createGuardedAgent take. */
export function resolveUrlPolicy(environment: Environment<(typeof URL_POLICY_VARIABLES)[number]>) {
  const { ALLOW_PRIVATE_NETWORK: allowPrivateNetwork, ALLOWED_URL_PORTS: allowedPorts } = environment;
  return { allowPrivateNetwork, allowedPorts };
}
