/** Checks that the records form one tree, and the given-back ones one list. */
import { ObjectKind } from '../record.js';
import {
  nameOf,
  recordSector,
  type CheckContext,
  type CheckedRecord,
  type CheckedRecords,
} from './check-context.js';

export function checkTree(context: CheckContext, records: CheckedRecords): void {
  const reached = new Set<number>();
  const root = records.get(context.superblock.rootRecord);
  if (root === undefined || root.kind !== ObjectKind.directory || root.path !== '' || root.parent !== 0) {
    const sector = recordSector(context, context.superblock.rootRecord);
    context.report.add(sector, 'the root record is not a root directory');
  } else {
    walk(context, records, root, reached);
  }
  walkFree(context, records, reached);
  for (const record of records.values()) {
    if (reached.has(record.number) || record.kind === ObjectKind.continuation) continue;
    const where = record.kind === ObjectKind.free ? 'the list of free records' : 'the tree';
    context.report.add(recordSector(context, record.number), `${nameOf(record)} is not in ${where}`);
  }
}

function walk(
  context: CheckContext,
  records: CheckedRecords,
  root: CheckedRecord,
  reached: Set<number>,
): void {
  const directories = [root];
  reached.add(root.number);
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    context.report.directories += directory === root ? 0 : 1;
    let before = 0;
    for (let number = directory.firstChild; number !== 0;) {
      const child = records.get(number);
      const fault = faultOfChild(directory, child, before, reached);
      if (child === undefined || fault !== undefined) {
        const from = before === 0 ? directory.number : before;
        context.report.add(
          recordSector(context, number < context.superblock.recordCount ? number : from),
          `record ${number}, a child of ${nameOf(directory)}: ${fault}`,
        );
        break;
      }
      reached.add(number);
      if (child.kind === ObjectKind.directory) directories.push(child);
      else context.report.files++;
      before = number;
      number = child.nextSibling;
    }
  }
}

/** What is wrong with the child that comes after the sibling `before`. */
function faultOfChild(
  directory: CheckedRecord,
  child: CheckedRecord | undefined,
  before: number,
  reached: ReadonlySet<number>,
): string | undefined {
  if (child === undefined) return 'there is no such sound record';
  if (child.kind !== ObjectKind.file && child.kind !== ObjectKind.directory)
    return 'it is neither file nor directory';
  if (reached.has(child.number)) return 'it is in the tree already';
  if (child.parent !== directory.number) return `its parent is record ${child.parent}`;
  if (child.previousSibling !== before) return `its previous sibling is record ${child.previousSibling}`;
  const name = child.path.slice(child.path.lastIndexOf('/') + 1);
  const path = directory.path === '' ? name : `${directory.path}/${name}`;
  if (child.path !== path || name === '') return `its path is "${child.path}"`;
  if (child.kind === ObjectKind.file && child.firstChild !== 0) return 'it is a file with children';
  return undefined;
}

function walkFree(context: CheckContext, records: CheckedRecords, reached: Set<number>): void {
  const { state } = context;
  if (state === undefined) return;
  let count = 0;
  for (let number = state.firstFreeRecord; number !== 0; count++) {
    const record = records.get(number);
    if (record === undefined || record.kind !== ObjectKind.free || reached.has(number)) {
      context.report.add(
        recordSector(context, 0),
        `record ${number} in the list of free records is not free`,
      );
      return;
    }
    reached.add(number);
    number = record.nextSibling;
  }
  if (count !== state.freeRecords) {
    context.report.add(
      recordSector(context, 0),
      `${count} free records are listed, the volume's state says ${state.freeRecords}`,
    );
  }
}
