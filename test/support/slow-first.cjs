const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * On a fresh clone Jest knows no durations and begins with the largest files. The slowest tests are in small ones, and
 * what begins last ends alone.
 */
const SLOW = ['faults/soak', 'video-sources', 'faults/spaces', 'hls-rerun', 'redis-loses-data', 'integration/spaces'];

module.exports = class extends Sequencer {
  sort(tests) {
    const rankOf = ({ path }) => {
      const at = SLOW.findIndex((name) => path.includes(`${name}.test`));
      return at === -1 ? SLOW.length : at;
    };
    return super.sort(tests).sort((a, b) => rankOf(a) - rankOf(b));
  }
};
