/**
 * Concepts of brain, head, eye and neck. Published objects, their places and modalities: hierarchy.json of
 * microsoft/BiomedParse at 1210410; the others are the targets of the default model's training data.
 */
import type { ConceptGroup } from './types.ts';

const tumor = { kind: 'tumor' } as const;
const brainPart = { kind: 'brain anatomies' } as const;
const bleeding = { kind: 'other abnormality', parent: 'intracranial hemorrhage', trained: ['CT brain'] } as const;
const fluid = { kind: 'fluid disturbance' } as const;

export const headConcepts: readonly ConceptGroup[] = [
  {
    regions: ['brain'],
    entries: [
      {
        ...tumor,
        name: 'brain tumor',
        published: 'whole brain tumor',
        parent: 'tumor',
        snomed: '126952004',
        names: ['tumor of the brain', 'intracranial tumor', 'brain cancer', 'brain mass'],
        loose: ['tumor', 'whole tumor'],
        trained: ['MRI brain'],
      },
      { ...tumor, name: 'glioma', parent: 'brain tumor', snomed: '393564001', trained: ['MRI brain'] },
      {
        ...tumor,
        name: 'lower-grade glioma',
        published: 'lower-grade glioma',
        parent: 'glioma',
        names: ['low-grade glioma', 'LGG'],
        views: ['MRI brain'],
      },
      { ...tumor, name: 'meningioma', parent: 'brain tumor', trained: ['MRI brain'] },
      {
        ...tumor,
        name: 'pituitary tumor',
        parent: 'brain tumor',
        names: ['pituitary adenoma', 'tumor of the pituitary gland'],
        trained: ['MRI brain'],
      },
      {
        ...brainPart,
        name: 'brain ventricle',
        published: 'brain ventricles',
        snomed: '35764002',
        names: ['cerebral ventricles', 'ventricles of the brain', 'ventricular system'],
        trained: ['MRI brain'],
      },
      { ...brainPart, name: 'basal ganglia', names: ['basal nuclei'], trained: ['MRI brain'] },
      { ...brainPart, name: 'brainstem', snomed: '15926001', names: ['brain stem'], trained: ['MRI brain'] },
      {
        ...brainPart,
        name: 'cerebellum',
        published: 'cerebellum',
        snomed: '113305005',
        names: ['cerebellar hemispheres'],
        trained: ['MRI brain'],
      },
      { ...brainPart, name: 'hippocampus', names: ['hippocampi', 'hippocampal formation'], trained: ['MRI brain'] },
      {
        ...brainPart,
        name: 'anterior hippocampus',
        published: 'anterior hippocampus',
        parent: 'hippocampus',
        names: ['hippocampal head', 'head of the hippocampus', 'anterior part of the hippocampus'],
        trained: ['MRI brain'],
      },
      {
        ...brainPart,
        name: 'posterior hippocampus',
        published: 'posterior hippocampus',
        parent: 'hippocampus',
        names: ['hippocampal body and tail', 'posterior part of the hippocampus'],
        trained: ['MRI brain'],
      },
      { ...brainPart, name: 'amygdala', names: ['amygdalae', 'amygdaloid body'], trained: ['MRI brain'] },
      {
        kind: 'other abnormality',
        name: 'intracranial hemorrhage',
        names: ['brain hemorrhage', 'brain bleed', 'intracranial bleeding', 'ICH'],
        loose: ['hemorrhage', 'bleeding'],
        targets: [],
        views: ['CT brain'],
      },
      {
        ...bleeding,
        name: 'intraparenchymal hemorrhage',
        names: ['intracerebral hemorrhage', 'parenchymal bleeding', 'intraparenchymal bleed', 'IPH'],
      },
      {
        ...bleeding,
        name: 'intraventricular hemorrhage',
        names: ['intraventricular bleeding', 'ventricular hemorrhage', 'IVH'],
      },
      { ...bleeding, name: 'subarachnoid hemorrhage', snomed: '21454007', names: ['subarachnoid bleeding', 'SAH'] },
      { ...bleeding, name: 'subdural hemorrhage', snomed: '35486000', names: ['subdural hematoma', 'SDH'] },
      { ...bleeding, name: 'epidural hemorrhage', names: ['epidural hematoma', 'extradural hematoma', 'EDH'] },
    ],
  },
  {
    regions: ['brain', 'spine'],
    entries: [
      { ...brainPart, name: 'gray matter', names: ['gray substance'], trained: ['MRI brain|head'] },
      { ...brainPart, name: 'white matter', names: ['white substance'], trained: ['MRI brain|head'] },
      {
        ...brainPart,
        name: 'cerebrospinal fluid',
        snomed: '65216001',
        names: ['CSF'],
        loose: ['liquor'],
        trained: ['MRI head'],
        views: ['MRI brain'],
      },
      {
        kind: 'lesion',
        name: 'multiple sclerosis lesion',
        parent: 'lesion',
        names: ['MS lesion', 'MS plaque', 'multiple sclerosis plaque', 'demyelinating lesion'],
        trained: ['MRI brain'],
      },
    ],
  },
  {
    regions: ['head', 'neck'],
    entries: [
      {
        ...tumor,
        name: 'nasopharyngeal carcinoma',
        parent: 'tumor',
        names: ['nasopharynx tumor', 'NPC', 'nasopharyngeal cancer'],
        trained: ['MRI nasopharynx'],
      },
    ],
  },
  {
    regions: ['eye'],
    entries: [
      {
        kind: 'eye anatomies',
        name: 'optic disc',
        published: 'optic disc',
        names: ['optic disk', 'optic nerve head', 'optic papilla', 'ONH'],
        loose: ['disc'],
        trained: ['fundus retinal'],
      },
      {
        kind: 'eye anatomies',
        name: 'optic cup',
        published: 'optic cup',
        parent: 'optic disc',
        names: ['cup of the optic disc', 'optic nerve cup'],
        loose: ['cup'],
        trained: ['fundus retinal'],
      },
      {
        kind: 'vessel',
        name: 'retinal vessel',
        published: 'retinal vessel',
        parent: 'blood vessel',
        names: ['retinal vessels', 'retinal blood vessels', 'blood vessels of the retina'],
        loose: ['vessels', 'vasculature'],
        trained: ['fundus retinal'],
      },
      {
        kind: 'lesion',
        name: 'hard exudates',
        names: ['hard exudate', 'retinal exudates', 'exudates'],
        loose: ['exudates'],
        trained: ['fundus retinal'],
      },
      {
        kind: 'eye anatomies',
        name: 'inner retina',
        parent: 'neurosensory retina',
        names: ['inner retinal layers'],
        trained: ['OCT retinal'],
      },
      {
        kind: 'eye anatomies',
        name: 'neurosensory retina',
        names: ['neural retina', 'sensory retina', 'retina'],
        loose: ['retina'],
        trained: ['OCT retinal'],
      },
      {
        kind: 'eye anatomies',
        name: 'outer nuclear layer',
        parent: 'neurosensory retina',
        names: ['ONL', 'outer nuclear layer of the retina'],
        trained: ['OCT retinal'],
      },
      {
        kind: 'eye anatomies',
        name: 'retinal pigment epithelium and photoreceptor layer',
        names: ['RPE and photoreceptors', 'photoreceptors and RPE'],
        trained: ['OCT retinal'],
      },
      {
        ...fluid,
        name: 'retinal fluid',
        names: ['retinal edema', 'fluid in the retina'],
        loose: ['edema', 'macular edema', 'fluid', 'cystoid macular edema'],
        trained: ['OCT retinal'],
      },
      {
        ...fluid,
        name: 'subretinal fluid',
        parent: 'retinal fluid',
        names: ['SRF', 'fluid under the retina'],
        loose: ['edema', 'fluid'],
        trained: ['OCT retinal'],
      },
      {
        ...fluid,
        name: 'intraretinal fluid',
        parent: 'retinal fluid',
        names: ['IRF', 'intraretinal cysts', 'fluid inside the retina'],
        trained: ['OCT retinal'],
      },
      {
        kind: 'eye anatomies',
        name: 'foveal avascular zone',
        names: ['FAZ', 'avascular zone of the fovea'],
        trained: ['OCT retinal'],
      },
      {
        ...fluid,
        name: 'cystoid macular edema',
        published: 'cystoid macular edema',
        parent: 'retinal fluid',
        names: ['CME'],
        views: ['OCT retinal'],
      },
    ],
  },
  {
    regions: ['teeth', 'head'],
    entries: [
      {
        kind: 'lesion',
        name: 'dental caries',
        snomed: '80967001',
        names: ['caries', 'tooth decay', 'carious lesion'],
        loose: ['cavities'],
        trained: ['X-Ray teeth'],
      },
    ],
  },
  {
    regions: ['larynx', 'neck'],
    entries: [
      {
        kind: 'other organ',
        name: 'vocal folds',
        names: ['vocal cords', 'vocal fold', 'vocal cord'],
        trained: ['endoscope larynx'],
      },
      {
        kind: 'other organ',
        name: 'glottal space',
        names: ['glottis', 'glottal opening', 'rima glottidis', 'glottal area'],
        trained: ['endoscope larynx'],
      },
      {
        kind: 'lesion',
        name: 'laryngeal lesion',
        parent: 'lesion',
        names: ['lesion of the larynx', 'larynx lesion', 'pathology of the vocal folds'],
        views: ['endoscope larynx'],
      },
    ],
  },
];
