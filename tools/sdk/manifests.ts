/**
 * What mcconfig takes into a program, read from the manifests without the Moddable SDK, and whether that is what the
 * program imports. Names of modules are paths from the top of the project, so that relative imports mean on a board
 * what they mean on disk.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';

interface Manifest {
  readonly include?: string | readonly string[];
  /** Name → source without its extension; `folder/*` → all of a folder; `*` → sources of C. */
  readonly modules?: Readonly<Record<string, string | readonly string[]>>;
  readonly preload?: readonly string[];
  readonly creation?: { readonly main?: string };
}

interface NamedModule {
  readonly source: string;
  /** The manifest that names it. */
  readonly manifest: string;
  /** Taken with its folder, whether it is used or not: what is not of the firmware. */
  readonly byFolder: boolean;
}

/** A manifest with everything of the project that it includes; paths are relative to the project. */
export interface Program {
  readonly main: string | undefined;
  readonly modules: ReadonlyMap<string, NamedModule>;
  /** Name → the manifest that preloads it. */
  readonly preloads: ReadonlyMap<string, string>;
  readonly nativeSources: readonly string[];
  readonly problems: readonly string[];
}

const NATIVE = '*';
/** What begins so is the SDK's. */
const VARIABLE = '$(';

/** Reads a manifest of the project in `root` and those that it includes. */
export function readProgram(root: string, manifest: string): Program {
  const modules = new Map<string, NamedModule>();
  const preloads = new Map<string, string>();
  const nativeSources: string[] = [];
  const problems: string[] = [];
  let main: string | undefined;

  const takeFolder = (prefix: string, folder: string, manifest: string): void => {
    for (const file of readdirSync(join(root, folder)).filter((name) => name.endsWith('.ts'))) {
      modules.set(prefix + file.slice(0, -'.ts'.length), {
        source: join(folder, file),
        manifest,
        byFolder: true,
      });
    }
  };
  const take = (file: string): void => {
    if (!existsSync(join(root, file))) {
      problems.push(`${file} is missing`);
      return;
    }
    const folder = dirname(file);
    const own = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
    for (const included of [own.include ?? []].flat()) {
      if (!included.startsWith(VARIABLE)) take(join(folder, included));
    }
    for (const [name, sources] of Object.entries(own.modules ?? {})) {
      const paths = [sources].flat().map((source) => join(folder, source));
      if (name === NATIVE) nativeSources.push(...paths);
      else if (name.endsWith('/*')) takeFolder(name.slice(0, -1), dirname(paths[0]!), file);
      else if (modules.has(name))
        problems.push(`${file} names ${name}, as ${modules.get(name)!.manifest} does`);
      else modules.set(name, { source: `${paths[0]}.ts`, manifest: file, byFolder: false });
    }
    for (const name of own.preload ?? []) preloads.set(name, file);
    main = own.creation?.main ?? main;
  };
  take(normalize(manifest));
  return { main, modules, preloads, nativeSources, problems };
}

/** What is wrong with a program: nothing may be missing, and nothing may be there that it does not use. */
export function problemsOf(root: string, program: Program): string[] {
  const problems = [...program.problems];
  if (program.main === undefined)
    return [...problems, 'no manifest says which module is the main one (creation.main)'];
  const reached = new Set<string>();
  const natives = new Set<string>();
  const visit = (name: string, importer: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    const module = program.modules.get(name);
    if (!module) {
      problems.push(
        `${importer} imports ${name}, which no manifest names: add it where its folder's modules are`,
      );
    } else if (!existsSync(join(root, module.source))) {
      problems.push(`${module.manifest} names ${name}, and there is no ${module.source}`);
    } else {
      const text = readFileSync(join(root, module.source), 'utf8');
      for (const match of text.matchAll(/\bnative\('(\w+)'\)/g)) natives.add(match[1]!);
      const file = ts.createSourceFile(module.source, text, ts.ScriptTarget.ES2024);
      if (program.preloads.has(name)) problems.push(...variablesOf(name, file));
      for (const specifier of importsOf(file)) visit(resolve(name, specifier), name);
    }
  };
  visit(program.main, 'the SDK');
  problems.push(...superfluous(program, reached), ...wronglyPreloaded(program));
  problems.push(...missingNatives(root, program, natives));
  return problems;
}

function superfluous(program: Program, reached: ReadonlySet<string>): string[] {
  return [...program.modules]
    .filter(([name, { byFolder }]) => !byFolder && !reached.has(name))
    .map(([name, { manifest }]) => `${manifest} names ${name}, which the program does not import`);
}

/** Everything but the main module is preloaded: what is not takes RAM. */
function wronglyPreloaded({ main, modules, preloads }: Program): string[] {
  const problems: string[] = [];
  for (const [name, { manifest, byFolder }] of modules) {
    if (name !== main && !byFolder && !preloads.has(name))
      problems.push(`${manifest} names ${name} and does not preload it`);
  }
  for (const [name, manifest] of preloads) {
    if (name === main) problems.push(`${manifest} preloads ${name}, which can run only on the board`);
    else if (!modules.has(name)) problems.push(`${manifest} preloads ${name}, which no manifest names`);
  }
  return problems;
}

function missingNatives(root: string, program: Program, natives: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  let text = '';
  for (const source of program.nativeSources) {
    const files = ['.c', '.h'].map((extension) => join(root, source + extension)).filter(existsSync);
    if (files.length === 0) problems.push(`there is no ${source}.c, nor ${source}.h`);
    for (const file of files) text += readFileSync(file, 'utf8');
  }
  for (const name of natives) {
    if (!text.includes(`void ${name}(xsMachine *the) {`))
      problems.push(`no C file has the native function ${name}`);
  }
  return problems;
}

/**
 * Variables of a preloaded module. The linker warns of them: they lie in flash, and are copied to RAM when they are
 * written.
 */
function variablesOf(name: string, file: ts.SourceFile): string[] {
  return file.statements
    .filter(ts.isVariableStatement)
    .filter(({ declarationList }) => (declarationList.flags & ts.NodeFlags.Const) === 0)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .map((declaration) => `${name} is preloaded, and its ${declaration.name.getText(file)} is not const`);
}

/** The relative imports that are left when the types are gone. */
function importsOf(file: ts.SourceFile): string[] {
  const specifiers: string[] = [];
  for (const statement of file.statements) {
    const isImport =
      ts.isImportDeclaration(statement) &&
      statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword;
    const isExport = ts.isExportDeclaration(statement) && !statement.isTypeOnly;
    if (!isImport && !isExport) continue;
    const specifier = statement.moduleSpecifier;
    if (specifier && ts.isStringLiteral(specifier) && specifier.text.startsWith('.'))
      specifiers.push(specifier.text);
  }
  return specifiers;
}

function resolve(importer: string, specifier: string): string {
  return relative('.', join(dirname(importer), specifier)).replace(/\.js$/, '');
}
