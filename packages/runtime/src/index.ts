export { withDeadline } from './deadline.ts';
export { ConfigError, ENVIRONMENT, loadEnvironment, type Environment, type VariableName } from './environment.ts';
export { runProcess, type Lifecycle } from './lifecycle.ts';
export { loadConfigOrExit } from './load-config.ts';
export { createLogger, type Logger } from './logger.ts';
export { resolvePublicUrl } from './public-url.ts';
export { stripUrlQueries } from './redact.ts';
export { createThrottledErrorLog } from './throttled-log.ts';
export { VERSION } from './version.ts';
