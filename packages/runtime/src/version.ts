/** One version for the whole repository; a test holds it equal to package.json's. */
export const VERSION = '0.1.0';

/** The oldest Node that runs it; a test holds it equal to package.json's `engines`. */
export const MIN_NODE_VERSION = '22.19';
