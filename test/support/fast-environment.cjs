const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest's own environment in a plain context. In the one that it makes, each look at a global (`Math`, `Buffer`) goes
 * through an interceptor and a Proxy and costs eighty times as much: tests that paint pictures or read their pixels
 * spent more of the processor on that than on FFmpeg. The Proxy is for Jest's clean-up of globals between files, which
 * none of ours changes.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    const { createContext } = vm;
    let isPlain = false;
    vm.createContext = () => {
      isPlain = true;
      return createContext(vm.constants.DONT_CONTEXTIFY);
    };
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
    if (!isPlain) throw new Error('fast-environment: Jest makes its context in another way now');
  }
};
