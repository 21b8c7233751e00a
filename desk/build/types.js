// Whether what the desk reads of the API's answers is what schemas/openapi.json says that they hold: each field's name,
// its kind, and whether it may be missing.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// What the desk calls otherwise than the API.
const NAMES = { Catalog: 'SubstanceList', Note: 'NoteRow', Transition: 'TransitionRow', Triage: 'TriageState' };

export function problems(source, api) {
  const file = ts.createSourceFile('types.ts', source, ts.ScriptTarget.Latest, true);
  const declared = new Map(file.statements.filter((one) => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)).map((one) => [one.name.text, one]));
  const found = [];
  const reached = new Set();

  const at = (ref) => ref.slice(2).split('/').reduce((held, step) => held?.[step], api);
  // A schema without its references, and whether it may be null.
  function plain(schema) {
    if (!schema) return { none: true };
    if (schema.$ref) return plain(at(schema.$ref));
    const choices = schema.oneOf ?? schema.anyOf;
    const own = choices?.filter(({ type }) => type !== 'null');
    if (own?.length === 1) return { ...plain(own[0]), null: true };
    const types = [schema.type ?? (schema.enum ? schema.enum.map((value) => typeof value) : [])].flat();
    return { schema, types: types.filter((type) => type !== 'null'), null: types.includes('null'), choices: own };
  }

  const isNone = (type) => type.kind === ts.SyntaxKind.UndefinedKeyword || (ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword);
  function members(type) {
    const all = ts.isUnionTypeNode(type) ? type.types.flatMap(members) : ts.isParenthesizedTypeNode(type) ? members(type.type) : [type];
    return all.flatMap((one) => {
      const alias = ts.isTypeReferenceNode(one) && declared.get(one.typeName.getText());
      return alias && ts.isTypeAliasDeclaration(alias) ? members(alias.type) : [one];
    });
  }

  // An object of which nothing is said is a row that is made by a query.
  function fields(list, schema, where) {
    if (!schema.properties) return;
    for (const member of list) {
      const name = member.name.text;
      const path = `${where}.${name}`;
      const of = plain(schema.properties?.[name]);
      if (of.none) {
        found.push(`${path} is not in schemas/openapi.json`);
        continue;
      }
      const types = members(member.type);
      const mayMiss = of.null || !(schema.required ?? []).includes(name);
      if (mayMiss !== (!!member.questionToken || types.some(isNone))) found.push(`${path} ${mayMiss ? 'may be missing' : 'is always there'}`);
      kinds(types.filter((one) => !isNone(one)), of, path);
    }
  }

  function kinds(types, of, path) {
    const words = types.filter((one) => ts.isLiteralTypeNode(one) && ts.isStringLiteral(one.literal)).map((one) => one.literal.text);
    const wanted = types.map((one) => {
      if (one.kind === ts.SyntaxKind.StringKeyword || words.length === types.length) return 'string';
      if (one.kind === ts.SyntaxKind.NumberKeyword) return 'number';
      if (one.kind === ts.SyntaxKind.BooleanKeyword) return 'boolean';
      return ts.isArrayTypeNode(one) ? 'array' : 'object';
    });
    const given = of.choices ? of.choices.flatMap((one) => plain(one).types) : of.types;
    const same = given.map((type) => (type === 'integer' ? 'number' : type));
    const unlike = [...new Set(same)].sort().join() !== [...new Set(wanted)].sort().join();
    if (unlike) found.push(`${path} is ${same.join(' or ') || 'anything'}, not ${[...new Set(wanted)].join(' or ')}`);
    const unsaid = words.length > 0 ? (of.schema.enum ?? []).filter((word) => !words.includes(word)) : [];
    if (unsaid.length > 0) found.push(`${path} may be ${unsaid.join(', ')}`);
    if (unlike || types.length !== 1) return;
    const [one] = types;
    if (ts.isArrayTypeNode(one)) kinds(members(one.elementType), plain(of.schema.items), `${path}[]`);
    else if (ts.isTypeLiteralNode(one)) fields(one.members, of.schema, path);
    else if (ts.isTypeReferenceNode(one) && declared.has(one.typeName.getText())) {
      const name = one.typeName.getText();
      reached.add(name);
      fields(declared.get(name).members, of.schema, name);
    }
  }

  const interfaces = [...declared.values()].filter(ts.isInterfaceDeclaration);
  const called = (name) => api.components.schemas[NAMES[name] ?? name];
  for (const { name, members } of interfaces) if (called(name.text)) fields(members, called(name.text), name.text);
  // What has no name of its own there is a part of what has.
  for (const { name } of interfaces) if (!called(name.text) && !reached.has(name.text)) found.push(`${name.text} is nothing that the API answers with`);
  return [...new Set(found)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const found = problems(read('../src/lib/types.ts'), JSON.parse(read('../../schemas/openapi.json')));
  for (const words of found) console.error(`src/lib/types.ts: ${words}`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
