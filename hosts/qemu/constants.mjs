/**
 * Puts constants where they are used: numbers that a program names at its top level, alone or in a frozen table. On XS
 * each such name costs memory and each use of a table a search; a literal costs neither. esbuild does this within a
 * file, not across the files of a bundle.
 */
import ts from 'typescript';

/**
 * @param {string} text a bundle: one module whose names are unique at its top level, a statement for each
 * @returns {string} the same program
 */
export function inlineConstants(text) {
  const file = ts.createSourceFile('bundle.js', text, ts.ScriptTarget.ES2024, true, ts.ScriptKind.JS);
  const constants = collect(file);
  for (const name of unsafeNames(file, constants)) constants.delete(name);
  const edits = [];
  const kept = new Set();
  visitUses(file, constants, edits, kept);
  removeDeclarations(file, constants, kept, edits);
  return apply(text, edits);
}

/** name → number, or name → Map of numbers, for everything at the top level that is one. */
function collect(file) {
  const constants = new Map();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || !initializer) continue;
      const value = evaluate(initializer, constants) ?? frozenTable(initializer, constants);
      if (value !== undefined) constants.set(name.text, value);
    }
  }
  return constants;
}

const OPERATORS = {
  [ts.SyntaxKind.PlusToken]: (a, b) => a + b,
  [ts.SyntaxKind.MinusToken]: (a, b) => a - b,
  [ts.SyntaxKind.AsteriskToken]: (a, b) => a * b,
  [ts.SyntaxKind.SlashToken]: (a, b) => a / b,
  [ts.SyntaxKind.AsteriskAsteriskToken]: (a, b) => a ** b,
  [ts.SyntaxKind.LessThanLessThanToken]: (a, b) => a << b,
  [ts.SyntaxKind.BarToken]: (a, b) => a | b,
  [ts.SyntaxKind.AmpersandToken]: (a, b) => a & b,
};

/** The number that an expression of literals and earlier constants gives, or undefined. */
function evaluate(node, constants) {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isParenthesizedExpression(node)) return evaluate(node.expression, constants);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const operand = evaluate(node.operand, constants);
    return operand === undefined ? undefined : -operand;
  }
  if (ts.isIdentifier(node)) {
    const value = constants.get(node.text);
    return typeof value === 'number' ? value : undefined;
  }
  if (ts.isPropertyAccessExpression(node)) {
    if (node.getText() === 'Number.MAX_SAFE_INTEGER') return Number.MAX_SAFE_INTEGER;
    const table = ts.isIdentifier(node.expression) ? constants.get(node.expression.text) : undefined;
    return table instanceof Map ? table.get(node.name.text) : undefined;
  }
  if (ts.isBinaryExpression(node)) {
    const operator = OPERATORS[node.operatorToken.kind];
    const left = evaluate(node.left, constants);
    const right = evaluate(node.right, constants);
    return operator && left !== undefined && right !== undefined ? operator(left, right) : undefined;
  }
  return undefined;
}

/** `Object.freeze({ name: number, … })` as a Map, or undefined. */
function frozenTable(node, constants) {
  if (!ts.isCallExpression(node) || node.expression.getText() !== 'Object.freeze') return undefined;
  const [literal] = node.arguments;
  if (!literal || !ts.isObjectLiteralExpression(literal)) return undefined;
  const table = new Map();
  for (const property of literal.properties) {
    if (!ts.isPropertyAssignment(property) || !ts.isIdentifier(property.name)) return undefined;
    const value = evaluate(property.initializer, constants);
    if (value === undefined) return undefined;
    table.set(property.name.text, value);
  }
  return table;
}

/** Constants whose name means something else somewhere: a local variable, a parameter, an assignment. */
function* unsafeNames(file, constants) {
  const stack = [file];
  for (let node = stack.pop(); node; node = stack.pop()) {
    ts.forEachChild(node, (child) => void stack.push(child));
    if (!ts.isIdentifier(node) || !constants.has(node.text)) continue;
    const parent = node.parent;
    const isTopLevel = parent.parent?.parent?.parent === file;
    if (isBindingName(node) && !(ts.isVariableDeclaration(parent) && isTopLevel)) yield node.text;
    if (
      ts.isBinaryExpression(parent) &&
      parent.left === node &&
      ts.isAssignmentOperator(parent.operatorToken.kind)
    )
      yield node.text;
    if (ts.isExportSpecifier(parent) || ts.isShorthandPropertyAssignment(parent)) yield node.text;
  }
}

function isBindingName(node) {
  const parent = node.parent;
  return (
    (ts.isVariableDeclaration(parent) ||
      ts.isParameter(parent) ||
      ts.isBindingElement(parent) ||
      ts.isFunctionLike(parent) ||
      ts.isClassLike(parent)) &&
    parent.name === node &&
    !ts.isMethodDeclaration(parent) &&
    !ts.isAccessor(parent)
  );
}

function isReference(node) {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return parent.initializer === node;
  if (ts.isMethodDeclaration(parent) || ts.isAccessor(parent)) return false;
  return !isBindingName(node);
}

/** Replaces uses by literals; what is used otherwise (a table as a whole) is kept. */
function visitUses(node, constants, edits, kept) {
  if (ts.isIdentifier(node)) {
    const value = constants.get(node.text);
    if (value === undefined || !isReference(node)) return;
    const parent = node.parent;
    if (typeof value === 'number') {
      edits.push({ start: node.getStart(), end: node.end, text: literal(value) });
    } else if (ts.isPropertyAccessExpression(parent) && value.has(parent.name.text)) {
      edits.push({ start: parent.getStart(), end: parent.end, text: literal(value.get(parent.name.text)) });
    } else kept.add(node.text);
    return;
  }
  ts.forEachChild(node, (child) => visitUses(child, constants, edits, kept));
}

function literal(value) {
  return value < 0 ? `(${value})` : `${value}`;
}

function removeDeclarations(file, constants, kept, edits) {
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const [{ name }, ...others] = statement.declarationList.declarations;
    if (others.length > 0) throw new Error('constants.mjs: each variable needs a statement of its own');
    if (!constants.has(name.text) || kept.has(name.text)) continue;
    // What is removed may contain uses that were replaced: those edits go with it.
    const start = statement.getStart();
    for (let i = edits.length - 1; i >= 0; i--) {
      if (edits[i].start >= start && edits[i].end <= statement.end) edits.splice(i, 1);
    }
    edits.push({ start, end: statement.end, text: '' });
  }
}

function apply(text, edits) {
  edits.sort((a, b) => b.start - a.start || b.end - a.end);
  let result = text;
  let last = text.length + 1;
  for (const { start, end, text: replacement } of edits) {
    if (end > last) throw new Error('constants.mjs: two edits overlap');
    result = result.slice(0, start) + replacement + result.slice(end);
    last = start;
  }
  return result;
}
