"""Places of the voxels of one mask, read from NIfTI (nibabel), DICOM SEG and RTSTRUCT (pydicom): none of it is our code.

    cross-check.py <mask.nii.gz> <segmentation.dcm> <structures.dcm> <number of the object, from 1>

Prints JSON: number of voxels in each, and the largest distance, in voxels of the SEG's grid, from a voxel of one to the nearest of another.
Millimetres in LPS. Contours are filled by the even-odd rule at the centres of the SEG's pixels, keyholes included.
"""
import json
import math
import sys

import nibabel
import numpy
import pydicom

nifti_file, seg_file, structure_file, number = *sys.argv[1:4], int(sys.argv[4])

image = nibabel.load(nifti_file)
inside = numpy.argwhere(numpy.asarray(image.dataobj) > 0)
nifti = nibabel.affines.apply_affine(image.affine, inside) * [-1, -1, 1]

seg = pydicom.dcmread(seg_file)
shared = seg.SharedFunctionalGroupsSequence[0]
orientation = numpy.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
across, down = orientation[:3], orientation[3:]
normal = numpy.cross(across, down)
measures = shared.PixelMeasuresSequence[0]
rows_mm, columns_mm = (float(v) for v in measures.PixelSpacing)
steps = numpy.stack([across * columns_mm, down * rows_mm, normal * float(measures.SpacingBetweenSlices)])
pixels = seg.pixel_array.reshape(int(seg.NumberOfFrames), seg.Rows, seg.Columns)
planes = []  # position and pixels of the frames of the object
for frame, groups in zip(pixels, seg.PerFrameFunctionalGroupsSequence):
    if groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number:
        planes.append((numpy.array(groups.PlanePositionSequence[0].ImagePositionPatient, float), frame))


def places(position, mask):
    y, x = numpy.nonzero(mask)
    return position + numpy.outer(x * columns_mm, across) + numpy.outer(y * rows_mm, down)


segmentation = numpy.concatenate([places(position, frame) for position, frame in planes])


def even_odd(polygon, shape):
    """Pixels whose centre lies in a polygon of [x, y] points: every edge turns round what lies to its left in its rows."""
    result = numpy.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(polygon, numpy.roll(polygon, -1, axis=0)):
        low, high = sorted((y0, y1))
        for row in range(max(0, math.ceil(low)), min(shape[0], math.ceil(high))):
            crossing = x0 + (row - y0) * (x1 - x0) / (y1 - y0)
            result[row, : max(0, math.ceil(crossing))] ^= True
    return result


structures = pydicom.dcmread(structure_file)
roi = next(one for one in structures.ROIContourSequence if one.ReferencedROINumber == number)
origin = planes[0][0]
masks = {}
for contour in roi.ContourSequence:
    points = numpy.array(contour.ContourData, float).reshape(-1, 3)
    index = (points - origin) @ numpy.linalg.inv(steps)
    height = round(float(index[:, 2].mean()), 3)
    filled = even_odd(index[:, :2], (seg.Rows, seg.Columns))
    masks[height] = masks[height] ^ filled if height in masks else filled
contours = numpy.concatenate(
    [places(origin + height * steps[2], mask) for height, mask in masks.items()]
)


def farthest(a, b):
    """Largest distance, in voxels along any axis, from a place of `a` to that of `b` in the same voxel; 1e9 if there is none."""
    to_index = numpy.linalg.inv(steps)

    def cells(places):
        index = (places - origin) @ to_index
        order = numpy.lexsort(numpy.rint(index).T)
        return index[order]

    one, other = cells(a), cells(b)
    if one.shape != other.shape or (numpy.rint(one) != numpy.rint(other)).any():
        return 1e9
    return float(numpy.abs(one - other).max())


found = {"nifti": nifti, "seg": segmentation, "rtstruct": contours}
print(
    json.dumps(
        {
            "voxels": {name: len(one) for name, one in found.items()},
            "farthest": max(farthest(nifti, segmentation), farthest(nifti, contours)),
        }
    )
)
