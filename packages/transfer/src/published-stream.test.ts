import { expect, test } from '@jest/globals';
import { parsePlaylistUris } from './published-stream.ts';

test('a playlist’s URIs are its lines that are no tags', () => {
  expect(parsePlaylistUris('#EXTM3U\r\n#EXTINF:10,\r\na.ts\n\n# comment\nb.ts\n')).toEqual(['a.ts', 'b.ts']);
});
