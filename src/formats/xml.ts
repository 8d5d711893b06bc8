/**
 * XML as plain objects; the one door to fast-xml-parser. Entities are off and document types are refused, so that nothing is expanded or
 * fetched. Elements are arrays, attributes start with `@`, text is `#text`; all values are text.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { BiomedParseError } from '../util/errors.ts';

const MAX_CHARACTERS = 200_000_000;

/** An element: its children by name, its attributes by `@name`, its text. */
export interface XmlElement {
  readonly [name: string]: readonly XmlElement[] | string | undefined;
}

/** The document's root elements by name; name spaces are dropped. */
export function parseXml(text: string, label: string): XmlElement {
  const refuse = (reason: string): never => {
    throw new BiomedParseError('input', `${label} is not a usable XML file: ${reason}`, { file: label });
  };
  if (text.length > MAX_CHARACTERS) refuse(`it has ${text.length} characters, at most ${MAX_CHARACTERS} are read`);
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) refuse('it declares a document type or entities, which is not allowed');
  const valid = XMLValidator.validate(text);
  if (valid !== true) return refuse(`line ${valid.err.line}: ${valid.err.msg}`);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    processEntities: false,
    parseTagValue: false,
    parseAttributeValue: false,
    removeNSPrefix: true,
    alwaysCreateTextNode: true,
    isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
  });
  return parser.parse(text) as XmlElement;
}

/** Child elements of a name. */
export function children(element: XmlElement, name: string): readonly XmlElement[] {
  const found = element[name];
  return Array.isArray(found) ? (found as readonly XmlElement[]) : [];
}

/** Text of the first child of a name; empty where there is none. */
export function childText(element: XmlElement, name: string): string {
  const text = children(element, name)[0]?.['#text'];
  return typeof text === 'string' ? text.trim() : '';
}

/** An attribute; empty where there is none. */
export function attribute(element: XmlElement, name: string): string {
  const text = element[`@${name}`];
  return typeof text === 'string' ? text : '';
}
