import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planFiles, slug, stem } from './names.ts';

describe('slug', () => {
  it('keeps letters and digits of any script and joins the rest by one hyphen', () => {
    expect(slug('Left  Lung')).toBe('left-lung');
    expect(slug('COVID-19 infection (CT)')).toBe('covid-19-infection-ct');
    expect(slug('../../etc/passwd')).toBe('etc-passwd');
    expect(slug('Prostata, verg\u00f6\u00dfert')).toBe('prostata-vergo\u00dfert');
    expect(slug('\u809d\u81d3')).toBe('\u809d\u81d3');
  });
  it('never is empty nor longer than 60 bytes', () => {
    expect(slug('?!')).toBe('prompt');
    expect(slug('a'.repeat(1000))).toHaveLength(60);
    expect(Buffer.byteLength(slug('\u809d'.repeat(200)))).toBeLessThanOrEqual(60);
  });
});

describe('stem', () => {
  it('drops folder and ending', () => {
    expect(stem('/a/b/scan.01.png')).toBe('scan.01');
    expect(stem('noending')).toBe('noending');
  });
});

describe('planFiles', () => {
  it('names masks, overlays and the other results after image and prompt', () => {
    expect(planFiles('out', ['x/a.png'], ['left lung'])).toEqual([
      {
        prompts: [
          {
            mask: join('out', 'a_left-lung_mask.png'),
            overlay: join('out', 'a_left-lung_overlay.png'),
            instances: join('out', 'a_left-lung_instances.png'),
            report: join('out', 'a_left-lung_report.json'),
          },
        ],
        probabilities: join('out', 'a_probabilities.npy'),
      },
    ]);
  });
  it('gives colliding inputs and prompts their own names, the same every time', () => {
    const inputs = ['x/a.png', 'y/a.jpg', 'y/A.webp'];
    const prompts = ['lung', 'Lung!', 'lung 2'];
    const plan = planFiles('out', inputs, prompts);
    const all = plan.flatMap((image) => [
      image.probabilities,
      ...image.prompts.flatMap((files) => [files.mask, files.overlay, files.instances, files.report]),
    ]);
    expect(new Set(all.map((path) => path.toLowerCase())).size).toBe(3 + 36);
    expect(plan[0].prompts.map((files) => files.mask)).toEqual(
      ['a_lung_mask.png', 'a_lung-2_mask.png', 'a_lung-2-2_mask.png'].map((name) => join('out', name)),
    );
    expect(plan[1].prompts[0].mask).toBe(join('out', 'a_lung-3_mask.png'));
    expect(planFiles('out', inputs, prompts)).toEqual(plan);
  });
  it('never names an input', () => {
    const [first] = planFiles('out', ['out/a.png', 'out/a_lung_mask.png'], ['lung']);
    expect(first.prompts[0].mask).toBe(join('out', 'a_lung-2_mask.png'));
  });
});
