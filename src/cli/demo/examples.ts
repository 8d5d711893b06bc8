/**
 * The real images of `npm run demo -- --real`: six that the published BiomedParse project shows, at one commit. They are
 * downloaded when asked for and checked by size and SHA-256; none of them is part of this package.
 */

/** One downloadable image, and what to look for in it. */
export interface RealExample {
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly prompts: readonly string[];
}

/** Commit of github.com/microsoft/BiomedParse that the images are taken from. */
export const EXAMPLES_COMMIT = '750eb40d4624398561fe586418101f48ae9b0f1d';

/** Where the images come from, for people. */
export const EXAMPLES_ORIGIN = `https://github.com/microsoft/BiomedParse, folder examples at commit ${EXAMPLES_COMMIT}`;

/** Address that a file name is appended to. */
export const EXAMPLES_URL = `https://raw.githubusercontent.com/microsoft/BiomedParse/${EXAMPLES_COMMIT}/examples/`;

/** The images in the order they are shown. */
export const realExamples: readonly RealExample[] = [
  {
    file: '144DME_as_F.jpeg',
    bytes: 91_163,
    sha256: 'fac760c60e1f86bc63c250bf3b675f6d37561e42a5b5cd130aef53d5a63b2e3e',
    prompts: ['edema'],
  },
  {
    file: 'C3_EndoCV2021_00462.jpg',
    bytes: 218_261,
    sha256: '42f97ba21eb4b74cd34ad65031e8f9872f1ac0eb4ae84f8d14a08bede16cbad7',
    prompts: ['polyp'],
  },
  {
    file: 'covid_1585.png',
    bytes: 29_473,
    sha256: '480eb29dec85a35dc4aa5db37fee603a892f06de046e7ef8061a0c59bfab5dc1',
    prompts: ['left lung', 'right lung'],
  },
  {
    file: 'T0011.jpg',
    bytes: 936_101,
    sha256: '4686e99a9c4129fafcaabb5323cdeac86f6dc834b1d3cccd7963e934f5a584f1',
    prompts: ['optic disc', 'optic cup'],
  },
  {
    file: 'Part_3_226_pathology_breast.png',
    bytes: 975_931,
    sha256: 'a25c0bea103a2a3fb4b13b240782081db803bf2dea76364beb692003286d3f85',
    prompts: ['neoplastic cells', 'inflammatory cells'],
  },
  {
    file: 'TCGA_HT_7856_19950831_8_MRI-FLAIR_brain.png',
    bytes: 395_027,
    sha256: 'bdb733a87d2d96a332950186fd90ad5e057f4a28317bb00cb93ac6f2712a5003',
    prompts: ['brain tumor'],
  },
];
