import { createLocalStore, type LocalStoreOptions } from './local-store.ts';
import type { ObjectStore } from './object-store.ts';
import { createSpacesStore, type SpacesStoreOptions } from './spaces-store.ts';

/** The store that an environment names. */
export function createObjectStore(
  storage: ({ driver: 'local' } & LocalStoreOptions) | ({ driver: 'spaces' } & SpacesStoreOptions),
): ObjectStore {
  return storage.driver === 'local' ? createLocalStore(storage) : createSpacesStore(storage);
}
