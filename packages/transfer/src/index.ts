export { sendCallback, type CallbackAnswer, type CallbackSender } from './callback.ts';
export { download } from './download.ts';
export { createGuardedAgent } from './guarded-agent.ts';
export { hashFile } from './hash-file.ts';
export { createLocalStore, storageDir } from './local-store.ts';
export { objectHeaders } from './object-headers.ts';
export { buildHlsKey, buildTapeKeys, type StoreAddresses } from './object-key.ts';
export type { ListedObject, ObjectStore, Publication } from './object-store.ts';
export { assertUrlAllowed, type UrlPolicy } from './url-policy.ts';
