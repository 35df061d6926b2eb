import tseslint from 'typescript-eslint';

/**
 * The layering rule: a folder may import from itself and from the folders named here, nothing else of the
 * project. Imports point one way (docs/architecture.md).
 */
const layers = {
  'src/wire': [],
  'src/volume': ['src/wire'],
  'src/back-end': ['src/wire', 'src/volume'],
  drivers: ['src/back-end/ports.js', 'src/wire/byte-loops.js', 'src/wire/bytes.js'],
  'src/front-end': ['src/wire', 'src/volume'],
  'src/services': ['src/front-end/index.js'],
  'src/control': ['src/front-end/index.js'],
  // The simulated client shares no code with what it tests.
  'src/simulation/client': ['src/simulation/plan.js'],
  'src/simulation': [
    'src/wire',
    'src/volume',
    'src/back-end',
    'src/front-end/index.js',
    'src/services/web/index.js',
    'src/lab/switch/random.js',
  ],
  'hosts/virtual-board/chips': ['src/back-end/ports.js', 'src/wire/byte-loops.js', 'src/wire/bytes.js'],
};

const layering = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: { layer: '{{from}} must not import {{to}}: {{layer}} may import only {{allowed}}.' },
  },
  create(context) {
    const file = context.filename.slice(context.cwd.length + 1);
    const layer = Object.keys(layers).find((name) => file.startsWith(name + '/'));
    if (layer === undefined) return {};
    const allowed = layers[layer];
    const check = (node) => {
      const source = node.source?.value;
      if (typeof source !== 'string' || !source.startsWith('.')) return;
      const target = new URL(source, 'file:///' + file).pathname.slice(1);
      const inLayer = target.startsWith(layer + '/');
      const permitted = allowed.some((name) => target === name || target.startsWith(name + '/'));
      // One chip's driver never reaches into another's; chip models share only their fault class.
      const otherDriver = layer === 'drivers' && target.split('/')[1] !== file.split('/')[1];
      if ((!inLayer && !permitted) || (inLayer && otherDriver))
        context.report({
          node,
          messageId: 'layer',
          data: { from: file, to: target, layer, allowed: [layer, ...allowed].join(', ') },
        });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { atcp: { rules: { layering } } },
    rules: {
      'atcp/layering': ['error', layers],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use Object.freeze({…} as const) and a union type.' },
        { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'Use modules.' },
        { selector: 'Decorator', message: 'No decorators.' },
      ],
      'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
      'no-console': 'error',
    },
  },
  {
    files: [
      'src/cli/**',
      'src/lab/**',
      'tools/**',
      'test/**',
      'hosts/**/*-main.ts',
      'hosts/linux/ethtool.ts',
      'examples/**',
    ],
    rules: { 'no-console': 'off' },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  { files: ['test/**'], rules: { 'max-lines': 'off', '@typescript-eslint/no-unused-expressions': 'off' } },
);
