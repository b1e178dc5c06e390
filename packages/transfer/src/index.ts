export type { AlertChannel } from './alerts/alert-channel.ts';
export { createAlertChannels } from './alerts/create-alert-channels.ts';
export { sendCallback, type CallbackAnswer, type CallbackSender } from './callback.ts';
export { download, type DownloadOptions } from './download.ts';
export { createGuardedAgent } from './guarded-agent.ts';
export { hashFile } from './hash-file.ts';
export { createObjectStore } from './create-object-store.ts';
export { createLocalStore, storageDir } from './local-store.ts';
export { createBucketAdmin, UPLOAD_EXPIRY_DAYS, type BucketAdmin } from './spaces-bucket.ts';
export { createSpacesStore, type SpacesStoreOptions } from './spaces-store.ts';
export { withoutSignature, putToPresignedUrl, type PresignedUploadOptions } from './presigned-upload.ts';
export { putChecked } from './put-checked.ts';
export { findPublishedNames, parsePlaylistUris } from './published-stream.ts';
export { objectHeaders } from './object-headers.ts';
export { buildHlsKey, buildTapeKeys, findOwnKey, type StoreAddresses } from './object-key.ts';
export { createObjectLog, type ObjectLog } from './object-log.ts';
export type {
  ByteRange,
  ListedObject,
  ObjectStore,
  OpenObject,
  Publication,
  IncompleteUpload,
} from './object-store.ts';
export { assertUrlAllowed, type UrlPolicy } from './url-policy.ts';
