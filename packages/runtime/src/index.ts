export { withDeadline } from './deadline.ts';
export { CONVERSION_VARIABLES, findMemory, resolveConversion, type ConversionConfig } from './conversion.ts';
export { API_KEY_ID, createApiKey, digestToken, type ApiKey } from './api-key.ts';
export {
  CONFIG_EXIT_CODE,
  ConfigError,
  ENVIRONMENT,
  listSecrets,
  loadEnvironment,
  type Environment,
  type VariableName,
} from './environment.ts';
export { ALERT_VARIABLES, resolveAlerts, type AlertConfig } from './alerts.ts';
export { inLanes } from './lanes.ts';
export { JOURNAL_VARIABLES, resolveJournal, type JournalConfig } from './journal.ts';
export { FORCED_EXIT_AFTER_MS, RESTART_EXIT_CODE, runProcess, type Lifecycle } from './lifecycle.ts';
export { exitOnConfigError, loadConfigOrExit } from './load-config.ts';
export { createLogger, hideFromLogs, type Logger } from './logs/logger.ts';
export type { LogName } from './logs/log-names.ts';
export { keepLogDir } from './logs/sweep-log-dir.ts';
export { measureDisk, type DiskUsage } from './measure-disk.ts';
export { hashPassword, PASSWORD_CHARS, verifyPassword, type PasswordHash } from './password.ts';
export { resolvePublicUrl } from './public-url.ts';
export { createRedactor, stripUrlQueries } from './redact.ts';
export { resolveRetention, RETENTION_VARIABLES, type Retention } from './retention.ts';
export { createThrottledErrorLog } from './throttled-log.ts';
export { MIN_NODE_VERSION, VERSION } from './version.ts';
export { resolveStorage, STORAGE_VARIABLES, type StorageConfig } from './storage.ts';
export { resolveUrlPolicy, URL_POLICY_VARIABLES } from './url-policy.ts';
