/** Everyday words for objects, places and kinds of image, as a patient's letter has them; what is not listed has none. */

/** By the ontology's preferred term; each resolves to it, which a test checks. */
export const layNames: Readonly<Record<string, string>> = {
  bone: 'bones',
  'brain tumor': 'tumor in the brain',
  'breast tumor': 'tumor in the breast',
  'cell nuclei': 'nuclei of the cells',
  'dental caries': 'tooth decay',
  esophagus: 'food pipe',
  'fetal head': "baby's head",
  'kidney stone': 'stone in the kidney',
  'kidney tumor': 'tumor in the kidney',
  'liver tumor': 'tumor in the liver',
  'lung tumor': 'tumor in the lung',
  myocardium: 'heart muscle',
  'prostate tumor': 'tumor in the prostate',
  'small bowel': 'small intestine',
  'large bowel': 'large intestine',
  'spinal cord': 'cord in the spine',
  trachea: 'windpipe',
  'urinary bladder': 'bladder',
  'vocal folds': 'vocal cords',
  'white blood cell': 'white blood cells',
};

/** By site. */
export const laySites: Readonly<Record<string, string>> = {
  abdomen: 'belly',
  larynx: 'throat',
  retinal: 'eye',
  gastrointestinal: 'digestive tract',
  fetal: 'fetus',
};

/** By family of modality, with its article. */
export const layModalities: Readonly<Record<string, string>> = {
  CT: 'a CT scan',
  MRI: 'an MRI scan',
  'X-Ray': 'an X-ray',
  ultrasound: 'an ultrasound image',
  endoscope: 'an endoscopy frame',
  fundus: 'a fundus photo',
  OCT: 'an OCT scan',
  dermoscopy: 'a dermoscopy image',
  pathology: 'a microscopy image',
};
