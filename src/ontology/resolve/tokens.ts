/**
 * Text as words that can be compared: letter case, plural, spelling (British, American) and adjective ("renal") laid aside.
 * The same is done to the ontology's names, so a rule need not be right for every word, only alike on both sides.
 */

/** One word of a text. */
export interface Token {
  /** What is compared: "tumor" of "Tumours", "kidney" of "renal". */
  readonly text: string;
  /** As it was written. */
  readonly raw: string;
  /** Whether "in", "on", "from" or the like stands before it: it says where, rather than what. */
  readonly place: boolean;
}

const americanSpellings: readonly (readonly [RegExp, string])[] = [
  [/tumour/, 'tumor'],
  [/oedema/, 'edema'],
  [/haem/, 'hem'],
  [/oesoph/, 'esoph'],
  [/leuco/, 'leuko'],
  [/foet/, 'fet'],
  [/^grey$/, 'gray'],
  [/^disk/, 'disc'],
  [/fibre/, 'fiber'],
  [/centre$/, 'center'],
  [/caec/, 'cec'],
];

const irregular: Readonly<Record<string, string>> = {
  nuclei: 'nucleus',
  hippocampi: 'hippocampus',
  glomeruli: 'glomerulus',
  vertebrae: 'vertebra',
  amygdalae: 'amygdala',
  metastases: 'metastasis',
  atria: 'atrium',
  teeth: 'tooth',
  ova: 'ovum',
  bronchi: 'bronchus',
  calculi: 'calculus',
  kidneys: 'kidney',
  lobi: 'lobe',
};

/** Adjectives, and second nouns of the same meaning, by the word that stands for them. */
const nouns: Readonly<Record<string, string>> = {
  renal: 'kidney',
  nephric: 'kidney',
  hepatic: 'liver',
  pulmonary: 'lung',
  pulmonic: 'lung',
  cardiac: 'heart',
  cerebral: 'brain',
  gastric: 'stomach',
  splenic: 'spleen',
  pancreatic: 'pancreas',
  prostatic: 'prostate',
  ovarian: 'ovary',
  cutaneous: 'skin',
  mammary: 'breast',
  colonic: 'colon',
  laryngeal: 'larynx',
  thoracic: 'chest',
  thorax: 'chest',
  abdominal: 'abdomen',
  pelvic: 'pelvis',
  spinal: 'spine',
  suprarenal: 'adrenal',
  femoral: 'femur',
  humeral: 'humerus',
  esophageal: 'esophagus',
  uterine: 'uterus',
  aortic: 'aorta',
  retinal: 'retina',
  nasopharyngeal: 'nasopharynx',
  hippocampal: 'hippocampus',
  cerebellar: 'cerebellum',
  ventricular: 'ventricle',
  atrial: 'atrium',
  myocardial: 'myocardium',
  clavicular: 'clavicle',
  vertebral: 'vertebra',
  intestinal: 'intestine',
  tracheal: 'trachea',
  duodenal: 'duodenum',
  neoplasm: 'tumor',
};

/** Words without meaning of their own. */
const stopWords = new Set(
  'a an the of and or with to for by as is are be this that these those it its my me please side sided patient'.split(
    ' ',
  ),
);

const places = new Set(['in', 'on', 'within', 'inside', 'from', 'at']);

const sideWords: Readonly<Record<string, string>> = { l: 'left', lt: 'left', r: 'right', rt: 'right' };

/** One word in the form that is compared. */
export function normalWord(word: string): string {
  let text = word.toLowerCase();
  for (const [british, american] of americanSpellings) text = text.replace(british, american);
  if (text in irregular) text = irregular[text];
  else if (/ies$/.test(text) && text.length > 4) text = `${text.slice(0, -3)}y`;
  else if (/(x|ch|sh|ss)es$/.test(text)) text = text.slice(0, -2);
  else if (/[^sui]s$/.test(text) && text.length > 3) text = text.slice(0, -1);
  return nouns[text] ?? nouns[`${text}s`]?.replace(/s$/, '') ?? text;
}

/** A text as words without those that mean nothing. */
export function tokenise(text: string): Token[] {
  const words = text
    .normalize('NFKC')
    .replace(/['’]s\b/g, '')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2') // kidneyLeft
    .replace(/(\p{L}{3,})(\d)/gu, '$1 $2') // covid19
    .split(/[^\p{L}\p{N}]+/u)
    .flatMap((word) => (/^non\p{L}{4,}$/iu.test(word) ? [word.slice(0, 3), word.slice(3)] : word === '' ? [] : [word]));
  const tokens: Token[] = [];
  let place = false;
  for (const raw of words) {
    const lower = raw.toLowerCase();
    if (places.has(lower)) {
      place = true;
    } else if (!stopWords.has(lower)) {
      const side = words.length > 1 ? sideWords[lower] : undefined;
      tokens.push({ text: side ?? normalWord(raw), raw, place });
    }
  }
  return tokens;
}

/** Words that say no; what follows them is not asked for. */
const negations =
  /\b(no|not|never|without|absent|absence|neither|nor|except|exclud\w+|lacks?|lacking|free of|rule[sd]? out|other than|devoid|negative|denies)\b|\w-free\b|n['’]t\b/i;

/** Whether a text says that something is not there, or is not meant. */
export function saysNo(text: string): boolean {
  return negations.test(text.replaceAll('_', ' '));
}
