import { API_KEY_ID, createApiKey } from '@tapedeck/runtime';
import { Command, InvalidArgumentError } from 'commander';

/** `tapedeck keys create ID`: the key is printed, and kept by nobody. */
export function createKeysCommand(): Command {
  const create = new Command('create')
    .description('Makes a key for a caller. It is shown once; the service keeps only its digest.')
    .argument('<id>', 'the name of the caller', parseId)
    .option('--json', 'one JSON object instead of words: id, key, and the line for API_KEYS')
    .action((id: string, { json = false }: { json?: boolean }) => {
      const { key, line } = createApiKey(id);
      if (json) {
        process.stdout.write(`${JSON.stringify({ id, key, line })}\n`);
        return;
      }
      process.stdout.write(
        `The key of ${id}, shown once. The caller sends it as "Authorization: Bearer …":\n\n  ${key}\n\n` +
          'Add this to API_KEYS of the API, after a comma where there are others. Of one id two may be active: add the\n' +
          `new one, change the caller over, then take the old one out.\n\n  ${line}\n`,
      );
    });
  return new Command('keys').description('Keys of the callers of POST /convert.').addCommand(create);
}

function parseId(text: string): string {
  if (API_KEY_ID.test(text)) return text;
  throw new InvalidArgumentError('expected 1 to 64 letters, digits, dots, hyphens and underscores');
}
