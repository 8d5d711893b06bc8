import { describe, expect, it } from 'vitest';
import { isDicomWeb, parseAddress, seriesAddress } from './address.ts';

describe('addresses', () => {
  it('name a series, a study or a search', () => {
    const none = { study: null, series: null, search: null };
    expect(parseAddress('dicomweb+https://h.org:8443/a/dicom-web/studies/1.2.3/series/1.2.3.4/')).toEqual({
      ...none,
      service: 'https://h.org:8443/a/dicom-web',
      study: '1.2.3',
      series: '1.2.3.4',
    });
    expect(parseAddress('dicomweb+http://h/studies/1.2')).toEqual({ ...none, service: 'http://h', study: '1.2' });
    expect(parseAddress('DICOMweb+http://h/x/studies?PatientID=7')).toEqual({
      ...none,
      service: 'http://h/x',
      search: 'PatientID=7',
    });
    expect(seriesAddress('http://h/x', '1.2', '1.3')).toBe('dicomweb+http://h/x/studies/1.2/series/1.3');
    expect(['dicomweb+http://h', 'http://h/studies/1.2', 'dicomweb'].map(isDicomWeb)).toEqual([true, false, false]);
  });

  it.each([
    ['dicomweb+http://', 'dicomweb+http:// is no address'],
    ['dicomweb+http://h/dicom-web', 'dicomweb+http://h/dicom-web does not say which study'],
    ['dicomweb+http://h/studies', 'dicomweb+http://h/studies names neither a study nor what to search by'],
    ['dicomweb+http://h/studies/1.2/series/1.3/instances/1.4', 'does not say which study'],
    ['dicomweb+http://h/studies/..%2f1', 'has "..%2f1" where a UID is needed'],
    ['dicomweb+http://h/studies/1.2/series/one', 'has "one" where a UID is needed'],
    ['dicomweb+http://h/studies/1.2?PatientID=Doe', 'dicomweb+http://h/studies/1.2 names a study and searches'],
  ])('are refused: %s', (address, reason) => {
    expect(() => parseAddress(address)).toThrow(reason);
  });

  it('with a password or a search are refused without repeating it', () => {
    for (const address of [
      'dicomweb+http://anna:secret@h/studies/1.2',
      'dicomweb+http://secret:se#cret@h/studies/1.2',
      'dicomweb+http://secret?PatientName=a@secret',
      'dicomweb+http://h/x?PatientName=secret',
    ]) {
      expect(() => parseAddress(address)).toThrow(/^(?!.*secret).*; allowed: /);
    }
  });
});
