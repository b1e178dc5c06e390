import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** contracts ← {jobs, transfer, media, runtime} ← {upkeep, conversion} ← apps. The middle four never see each other, nor what is above. */
const MIDDLE = ['jobs', 'transfer', 'media', 'runtime'];
const layering = MIDDLE.map((name) => ({
  files: [`packages/${name}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: [...MIDDLE, 'upkeep', 'conversion']
              .filter((other) => other !== name)
              .map((other) => `@tapedeck/${other}`),
            message: 'The middle packages do not import each other: pass what is needed in from the app.',
          },
        ],
      },
    ],
  },
}));

const noProcessEnv = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only main.ts reads the environment, and hands it to loadConfig.',
};

const noAwaitInUpdate = {
  selector: "AssignmentExpression[operator!='='] > AwaitExpression.right",
  message: '`a += await b` adds to the `a` of before the wait: what others added meanwhile is lost.',
};

export default tseslint.config(
  { ignores: ['**/dist/**', 'node_modules/**', 'data/**', 'coverage/**'] },
  {
    files: ['**/*.{ts,tsx,mts}'],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.strict],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.test.json', './apps/dashboard/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createTypeScriptImportResolver({ conditionNames: ['source', 'types', 'import', 'node'] }),
      ],
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // `array[index]!` after a length check reads better than a cast, and noUncheckedIndexedAccess makes it visible.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Hooks and adapters are async by contract, whether or not they wait.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-extraneous-class': 'off',
      // Factories return closures: no method of theirs uses `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      // An abort signal's reason is whatever it is.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      'import-x/no-cycle': 'error',
      'import-x/no-extraneous-dependencies': 'error',
      'no-restricted-syntax': ['error', noProcessEnv, noAwaitInUpdate],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 5],
      complexity: ['error', 14],
    },
  },
  ...layering,
  {
    files: ['apps/dashboard/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat.recommended],
    rules: {
      // What a page shows is markup for the most part.
      'max-lines-per-function': ['error', { max: 90, skipBlankLines: true, skipComments: true }],
      // An event's handler may wait for something: nobody waits for the handler.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@tapedeck/*', '!@tapedeck/contracts'],
              message: 'The page runs in a browser: all that it shares with the services is types.',
            },
          ],
        },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          name: '@tapedeck/contracts',
          allowTypeImports: true,
          message: 'Types only: its schemas weigh more than the page.',
        },
      ],
    },
  },
  {
    files: [
      'apps/*/src/main.ts',
      'apps/*/src/check.ts',
      'apps/*/src/healthcheck.ts',
      'examples/**',
      'scripts/**',
      'bench/**',
      'test/**',
    ],
    rules: { 'no-restricted-syntax': ['error', noAwaitInUpdate] },
  },
  {
    files: ['test/**', '**/*.test.ts', 'scripts/**', 'bench/**'],
    rules: {
      'import-x/no-extraneous-dependencies': 'off',
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      complexity: 'off',
    },
  },
);
