import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The parts of docker-compose.yml that are looked at here. */
export interface ComposeService {
  image?: string;
  build?: string | { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string | number>;
  ports?: string[];
  volumes?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  stop_grace_period?: string;
  mem_limit?: string;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  deploy?: { replicas: number };
}

/** @param variables what the shell and .env hold. @throws Error as `docker compose` does, where one is missing */
export function loadCompose(variables: Readonly<Record<string, string>>): Record<string, ComposeService> {
  const { services } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as { services: object };
  const text = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? interpolate(value, variables) : value;
  return JSON.parse(JSON.stringify(services, text)) as Record<string, ComposeService>;
}

/** As Compose does it; braces within a default are counted. Nested `${…}` are not understood. */
function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  const reference = /\$(?:\$|\{(\w+)(?:(:?[-?])((?:[^{}]|\{[^{}]*\})*))?\})/g;
  return text.replace(reference, (_all, name?: string, operator: string = '', operand: string = '') => {
    if (name === undefined) return '$';
    const given = variables[name];
    const isAbsent = given === undefined || (operator.startsWith(':') && given === '');
    if (!isAbsent) return given;
    if (operator.endsWith('?')) throw new Error(`required variable ${name} is missing a value: ${operand}`);
    return operand;
  });
}

/** What a service finds in its environment, apart from .env. */
export function environmentOf({ environment = {} }: ComposeService): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
}
