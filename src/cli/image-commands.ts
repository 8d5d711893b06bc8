/** The commands on images, volumes and slides; like all others, they are read here and loaded when they run. */
import { type Command, Option } from 'commander';
import { PLANES } from '../image/slice.ts';
import type { DetectCommand } from './detect.ts';
import type { CliIo } from './io.ts';
import {
  collect,
  parseLimits,
  parseMillimetres,
  parseNumber,
  parseSlices,
  parseUnit,
  parseWhole,
  parseWindow,
} from './options.ts';
import type { RecognizeCommand } from './recognize.ts';
import { collectBox, collectPoint } from './regions.ts';
import type { SegmentCommand } from './segment.ts';
import { maskOptions, modelOptions } from './shared-options.ts';

/** Adds segment, detect and recognize to the program. */
export function imageCommands(program: Command, io: CliIo, finish: (status: number) => void): void {
  maskOptions(
    modelOptions(
      program
        .command('segment')
        .description('write one mask and one picture per image or volume and prompt')
        .argument(
          '<image...>',
          'PNG, JPEG, WebP, TIFF or DICOM files, volumes (NIfTI, NRRD, MetaImage, a DICOM folder, dicomweb+https://…/studies/…) or slides (SVS, pyramidal TIFF)',
        )
        .option('-p, --prompt <text>', 'what to find, in words; may be given many times', collect),
    ),
  )
    .option(
      '--window <name>',
      'CT site (abdomen, lung, pelvis, liver, colon, pancreas) or low,high for more than 8 bits (default: what the file says)',
      parseWindow,
    )
    .option('--point <x,y>', 'a pixel of the object; may be given many times', collectPoint)
    .option('--box <x0,y0,x1,y1>', 'a box on the object, x1 and y1 exclusive; may be given many times', collectBox)
    .option('--scribble <file>', "a mask of the image's size drawn on the object; may be given many times", collect)
    .option('--force', 'use points, boxes and scribbles although the model was not trained for them')
    .option('--terms <file>', 'JSON file with names of your own for objects')
    .option('--joint', 'all prompts in one sequence, as the published model does it')
    .option('--everything', 'all targets of the image type in one label map, instead of prompts')
    .option('--image-type <name>', 'what kind of image it is, for example CT-Abdomen')
    .addOption(new Option('--reject <test>', 'reject masks that do not look like their target').choices(['ks']))
    .option('--reject-threshold <p>', 'reject below this p (default: 0.05)', parseUnit)
    .option('--distributions <file>', 'distributions that fit-rejection wrote (default: the published ones)')
    .addOption(
      new Option('--preprocess <how>', 'prepare images as published: CT window of --image-type, square').choices([
        'published',
      ]),
    )
    .option('--instances', 'cut every mask into instances, written as a 16-bit label PNG')
    .option('--save-probabilities', 'write a float32 .npy [prompts, height, width] per image')
    .option(
      '--format <name>',
      'write masks in this format too: png, npy, coco, geojson; of volumes nifti, nrrd, npy, coco, geojson, of DICOM series dicom-seg, rtstruct; may be given many times',
      collect,
    )
    .addOption(new Option('--plane <name>', 'slices of a volume (default: axial)').choices([...PLANES]))
    .option('--slices <a:b:c>', 'only these slices of a volume: start, stop (exclusive), step', parseSlices)
    .option(
      '--frame <n>',
      'which frame of a volume file with several, or of a DICOM file as an image, from 0',
      parseWhole(0, 1_000_000),
    )
    .option('--series <uid>', 'which series of a DICOM folder or study with several')
    .option('--deidentify', 'leave out of dicom-seg and rtstruct what tells the patient, and replace all identifiers')
    .addOption(
      new Option(
        '--seg-type <type>',
        'how dicom-seg holds what was found: a bit or a probability per voxel and object, or one number per voxel',
      ).choices(['binary', 'fractional', 'labelmap']),
    )
    .option('--store', 'store the DICOM results in the DICOMweb server that the series is from')
    .option(
      '--auth <basic:VARIABLE>',
      'environment variable with user:password for a DICOMweb server; bearer:VARIABLE: one with a token',
    )
    .option('--ca <file>', 'certificate authorities (PEM) to trust for DICOMweb beside the well-known ones')
    .option(
      '--limits <name=n,...>',
      'most of a DICOMweb series (default: instances=10000,megabytes=8000,seconds=3600,retries=4)',
      parseLimits,
    )
    .option('--modality <name>', 'what it is, for example CT or MRI (default: what the file or a prompt says)')
    .option('--site <name>', 'where it is of, for example chest: chooses the window of a CT volume')
    .option(
      '--smooth <mm>',
      'smooth presence and masks along the axis of a volume, 0: not (default: 2)',
      parseMillimetres,
    )
    .option('--fill-holes', 'fill holes of masks of volumes')
    .option('--largest-component', 'keep the largest connected part of masks of volumes')
    .option(
      '--mpp <microns>',
      'microns per pixel at which a slide is shown to the model (default: 0.5)',
      parseNumber(0.05, 50),
    )
    .option(
      '--source-mpp <microns>',
      'microns per pixel of the slide itself (default: what its file says)',
      parseNumber(0.01, 1000),
    )
    .option('--tile <px>', "side of a slide's tiles (default: what the model sees at once)", parseWhole(32, 4096))
    .option(
      '--overlap <px>',
      'pixels that neighbouring tiles share (default: a quarter of a tile)',
      parseWhole(0, 2048),
    )
    .addOption(
      new Option('--tissue <how>', 'tiles of a slide that show tissue, or all (default: detect)').choices([
        'detect',
        'all',
      ]),
    )
    .option(
      '--least-um2 <n>',
      'smaller objects of a slide are not counted (default: 10 square microns)',
      parseNumber(0, 1e12),
    )
    .option('--json', 'print JSON instead of a table')
    .action(async (images: string[], options: SegmentCommand) => {
      const { segmentKind } = await import('./segment-kind.ts');
      const kind = await segmentKind(images, options);
      if (kind === 'slide') {
        const { runSlides } = await import('./slides.ts');
        finish(await runSlides(images, options, io));
        return;
      }
      if (kind === 'volume') {
        const { runVolumes } = await import('./volumes.ts');
        finish(await runVolumes(images, options, io));
        return;
      }
      const { runSegment } = await import('./segment.ts');
      const { runEverything } = await import('./everything.ts');
      finish(await (options.everything ? runEverything : runSegment)(images, options, io));
    });

  maskOptions(
    modelOptions(
      program
        .command('detect')
        .description('write boxes and instances of what was asked for as a COCO file, and an overlay per image')
        .argument('<image...>', 'PNG, JPEG, WebP, TIFF or DICOM files')
        .requiredOption('-p, --prompt <text>', 'what to find, in words; may be given many times', collect),
    ),
  )
    .option(
      '--least-px <n>',
      'smaller instances are left out (default: a 10,000th of the image)',
      parseWhole(1, 1_000_000_000),
    )
    .addOption(
      new Option(
        '--instances <how>',
        'how masks are taken apart (default: auto, by watershed what lies crowded, such as cells and glands)',
      ).choices(['auto', 'components', 'watershed']),
    )
    .option('--terms <file>', 'JSON file with names of your own for objects')
    .option('--json', 'print JSON instead of a table')
    .action(async (images: string[], options: DetectCommand) => {
      const { runDetect } = await import('./detect.ts');
      finish(await runDetect(images, options, io));
    });

  maskOptions(
    modelOptions(
      program
        .command('recognize')
        .description('write a label map of everything that the model knows in images')
        .argument('<image...>', 'PNG, JPEG, WebP, TIFF or DICOM files')
        .option('--modality <name>', 'what the images are, for example CT, MRI, X-Ray, ultrasound (default: guessed)'),
    ).option(
      '--site <name>',
      'where they are of, for example abdomen (default: guessed, else all sites of the modality)',
    ),
  )
    .option('--json', 'print JSON instead of a table')
    .action(async (images: string[], options: RecognizeCommand) => {
      const { runRecognize } = await import('./recognize.ts');
      finish(await runRecognize(images, options, io));
    });
}
