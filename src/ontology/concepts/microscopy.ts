/** Concepts of histology and blood smears. Sources: see head.ts. */
import type { ConceptEntry, ConceptGroup } from './types.ts';

const structure = { kind: 'histology structure' } as const;
/** A cell, a nucleus or a gland, which have others of their kind beside them. */
const crowd = { ...structure, crowded: true } as const;

/** One of the five kinds of white blood cell. */
function leukocyte(name: string, snomed: string, trained: readonly string[] = ['pathology blood']): ConceptEntry {
  const granular = /phil$/.test(name) ? [`${name} granulocyte`] : [];
  return {
    ...crowd,
    name,
    snomed,
    parent: 'white blood cell',
    names: [...granular, `${name}s`],
    trained,
    views: ['pathology blood'],
  };
}

export const microscopyConcepts: readonly ConceptGroup[] = [
  {
    regions: ['tissue'],
    entries: [
      {
        ...crowd,
        name: 'glandular structure',
        published: 'colon glandular structure',
        names: ['colon glands', 'glandular structures', 'glands'],
        loose: ['glands', 'gland'],
        trained: ['pathology colon'],
      },
      {
        ...structure,
        name: 'glomerulus',
        names: ['glomeruli', 'renal glomerulus', 'kidney glomeruli'],
        trained: ['pathology kidney'],
      },
      {
        ...crowd,
        name: 'connective tissue cells',
        published: 'connective tissue cells',
        names: ['connective cells', 'stromal cells'],
        trained: ['pathology breast'],
        views: ['pathology *'],
      },
      {
        ...crowd,
        name: 'epithelial cells',
        published: 'epithelial cells',
        names: ['epithelial cell nuclei', 'epithelium cells'],
        trained: ['pathology breast'],
        views: ['pathology *'],
      },
      {
        ...crowd,
        name: 'neoplastic cells',
        published: 'neoplastic cells',
        names: ['tumor cells', 'cancer cells'],
        views: ['pathology *'],
      },
    ],
  },
  {
    regions: ['tissue', 'blood'],
    entries: [
      {
        ...crowd,
        name: 'cell nuclei',
        names: ['nuclei of the cells', 'nucleus of the cell', 'nuclei', 'nucleus', 'cell nucleus'],
        loose: ['nuclei', 'cell nucleus', 'nucleus', 'cell nuclei'],
        targets: ['cell nuclei', 'cell nucleus'],
        trained: ['pathology cells|colon|mixed|blood'],
      },
      {
        ...structure,
        name: 'cytoplasm',
        parent: 'white blood cell',
        names: ['cell cytoplasm', 'cytoplasm of the cell'],
        trained: ['pathology blood'],
      },
      {
        ...crowd,
        name: 'inflammatory cells',
        published: 'inflammatory cells',
        names: ['immune cells', 'inflammatory cell nuclei'],
        trained: ['pathology breast'],
        views: ['pathology *'],
      },
      {
        ...crowd,
        name: 'white blood cell',
        snomed: '52501007',
        names: ['leukocyte', 'WBC', 'white blood cells', 'leukocytes'],
        trained: ['pathology blood'],
      },
      leukocyte('neutrophil', '30630007'),
      leukocyte('lymphocyte', '56972008'),
      leukocyte('monocyte', '55918008'),
      leukocyte('basophil', '30061004', []),
      leukocyte('eosinophil', '14793004'),
    ],
  },
];
