import { Command, InvalidArgumentError, Option } from 'commander';
import { basename } from 'node:path';
import { checkVolume, formatFinding } from '../volume/tool/check.js';
import { extractToStream, extractTree } from '../volume/tool/extract.js';
import { makeVolume } from '../volume/tool/make.js';
import { formatSize, parseSize } from '../volume/tool/size.js';
import { BLOCK_BYTES } from '../volume/limits.js';
import { VolumeReader, type VolumeObject } from '../volume/tool/volume-reader.js';
import { untilInterrupted } from './volume-interrupt.js';

/** `atcp volume`: makes and reads the object volumes that boards have on their cards. */
export function volumeCommand(): Command {
  return new Command('volume')
    .description('object volumes on SD cards and image files: make, list, extract, check')
    .addCommand(makeCommand())
    .addCommand(lsCommand())
    .addCommand(getCommand())
    .addCommand(checkCommand());
}

function showsProgress(): boolean {
  return process.stderr.isTTY === true;
}

function makeCommand(): Command {
  return new Command('make')
    .description('make a volume, empty or filled with what a directory holds')
    .argument('<image>', 'image file, or the block device of a card reader')
    .argument('[directory]', 'what the volume is filled with; symbolic links are followed')
    .option(
      '-s, --size <size>',
      'size of the image, such as 64M or 4G (default: what fits, and 64M free)',
      sizeArgument,
    )
    .option('-r, --records <number>', 'most files and directories (default: one per 32K of size)', parseCount)
    .option('-f, --force', 'replace an image that exists, or all that a card holds', false)
    .addHelpText(
      'after',
      '\nThe image is sparse and appears only when it is complete. Emulated SD cards need a power of two as size.\n' +
        '\nExamples:\n  atcp volume make card.img ./public\n  sudo atcp volume make --force /dev/sdX ./public',
    )
    .action(make);
}

interface MakeFlags {
  readonly size?: number;
  readonly records?: number;
  readonly force: boolean;
}

async function make(image: string, directory: string | undefined, flags: MakeFlags): Promise<void> {
  const made = await untilInterrupted((signal) =>
    makeVolume({
      image,
      from: directory,
      sizeBytes: flags.size,
      // Record 0 is the volume's own.
      recordCount: flags.records === undefined ? undefined : flags.records + 1,
      replace: flags.force,
      progress: showsProgress(),
      signal,
    }),
  );
  for (const line of made.skipped) process.stderr.write(`left out: ${line}\n`);
  const { files, directories, contentBytes, freeBlocks, sizeBytes } = made;
  process.stdout.write(
    `${image}: ${formatSize(sizeBytes)}, ${count(files, 'file')} and ${count(directories, 'directory')} with ` +
      `${formatSize(contentBytes)}, ${formatSize(freeBlocks * BLOCK_BYTES)} free\n` +
      `volume ${hex(made.volumeId)}, content ${hex(made.rootVersion)}\n`,
  );
}

function lsCommand(): Command {
  return new Command('ls')
    .description('list a directory of a volume')
    .argument('<image>', 'image file or block device')
    .argument('[path]', 'directory or file in the volume', '')
    .option('-l, --long', 'with size, time of modification and object version', false)
    .option('-R, --recursive', 'with everything below', false)
    .action((image: string, path: string, flags: LsFlags) => list(image, path, flags));
}

interface LsFlags {
  readonly long: boolean;
  readonly recursive: boolean;
}

function list(image: string, path: string, flags: LsFlags): void {
  endWithPipe();
  const reader = new VolumeReader(image);
  try {
    const object = reader.find(path);
    if (object.isDirectory) listDirectory(reader, object, '', flags);
    else process.stdout.write(formatObject(object, object.name, flags.long));
  } finally {
    reader.close();
  }
}

/** `prefix` is the path from the directory that was asked for. */
function listDirectory(reader: VolumeReader, directory: VolumeObject, prefix: string, flags: LsFlags): void {
  const children = [...reader.children(directory)];
  children.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const child of children) {
    process.stdout.write(formatObject(child, prefix + child.name, flags.long));
    if (child.isDirectory && flags.recursive) {
      listDirectory(reader, child, `${prefix}${child.name}/`, flags);
    }
  }
}

function formatObject(object: VolumeObject, name: string, long: boolean): string {
  const shown = object.isDirectory ? `${name}/` : name;
  if (!long) return `${shown}\n`;
  const size = (object.isDirectory ? '-' : String(object.sizeBytes)).padStart(12);
  return `${size} ${new Date(object.modifiedMs).toISOString()} ${object.version} ${shown}\n`;
}

function getCommand(): Command {
  return new Command('get')
    .description('copy a file, or a directory with all that it holds, out of a volume')
    .argument('<image>', 'image file or block device')
    .argument('<path>', 'what to copy; "/" for everything')
    .argument('[destination]', 'where to; "-" writes a file to standard output (default: its name, here)')
    .option('-f, --force', 'overwrite files that exist', false)
    .action(get);
}

async function get(
  image: string,
  path: string,
  destination: string | undefined,
  flags: { readonly force: boolean },
): Promise<void> {
  const reader = new VolumeReader(image);
  try {
    const object = reader.find(path);
    if (destination === '-') {
      endWithPipe();
      await extractToStream(reader, object, process.stdout);
      return;
    }
    const fallback = object.name === '' ? basename(image).replace(/\.[^.]+$/, '') : object.name;
    const to = destination ?? fallback;
    const files = await untilInterrupted((signal) =>
      extractTree(reader, object, to, { replace: flags.force, progress: showsProgress(), signal }),
    );
    process.stderr.write(`${to}: ${count(files, 'file')}\n`);
  } finally {
    reader.close();
  }
}

function checkCommand(): Command {
  return new Command('check')
    .description('verify all of a volume; exits with 1 when something is wrong')
    .argument('<image>', 'image file or block device')
    .addOption(
      new Option('-m, --most <number>', 'findings to print at most').default(100).argParser(parseCount),
    )
    .action(check);
}

async function check(image: string, flags: { readonly most: number }): Promise<void> {
  const report = await untilInterrupted((signal) =>
    checkVolume(image, { progress: showsProgress(), signal }),
  );
  const { findings } = report;
  for (const finding of findings.slice(0, flags.most)) process.stdout.write(`${formatFinding(finding)}\n`);
  if (findings.length > flags.most) process.stdout.write(`… and ${findings.length - flags.most} more\n`);
  if (findings.length > 0) {
    process.stdout.write(`${image}: ${count(findings.length, 'problem')}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(
    `${image}: sound, ${count(report.files, 'file')} and ${count(report.directories, 'directory')} with ` +
      `${formatSize(report.contentBytes)}, ${formatSize(report.freeBlocks * BLOCK_BYTES)} free\n`,
  );
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 0xffff_fffe) {
    throw new InvalidArgumentError('a whole number from 1 on is wanted');
  }
  return value;
}

function sizeArgument(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** A reader of our output that has seen enough (`| head`) is no error. */
function endWithPipe(): void {
  process.stdout.off('error', onOutputError).on('error', onOutputError);
}

function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

function count(value: number, noun: string): string {
  if (value === 1) return `1 ${noun}`;
  return `${value} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
