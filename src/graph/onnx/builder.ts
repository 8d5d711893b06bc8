/**
 * Writes ONNX models: nodes, initialisers, inputs and outputs, to protobuf bytes (onnx.proto3 of ONNX 1.20 by onnx-buf).
 * Large initialisers can be kept outside the protobuf as external data, since a protobuf stops at 2 GB.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import * as onnx from 'onnx-buf';
import type { DType, Shape } from '../tensor.ts';

/** Operator set of the standard domain that all lowerings write. */
export const opset = 20;
const irVersion = 9n;

/** Domains outside the standard: ONNX Runtime's contributed operators and its blocked-channel operators. */
export type Domain = '' | 'com.microsoft' | 'com.microsoft.nchwc';

export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Where the bytes of an initialiser lie when they are not in the protobuf. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

const dataTypes: Record<DType, onnx.TensorProto_DataType> = {
  f32: onnx.TensorProto_DataType.FLOAT,
  i64: onnx.TensorProto_DataType.INT64,
  bool: onnx.TensorProto_DataType.BOOL,
  s8: onnx.TensorProto_DataType.INT8,
};

/** ONNX's number of unsigned bytes, which no tensor is made of: quantised values inside a lowering. */
export const byteType: number = onnx.TensorProto_DataType.UINT8;

/** ONNX's number of a type, as the Cast operator wants it. */
export function dataType(dtype: DType): number {
  return dataTypes[dtype];
}

function valueInfo(name: string, dtype: DType, shape: Shape): onnx.ValueInfoProto {
  const dim = shape.map((n) =>
    create(onnx.TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(n) } }),
  );
  const tensorType = create(onnx.TypeProto_TensorSchema, {
    elemType: dataTypes[dtype],
    shape: create(onnx.TensorShapeProtoSchema, { dim }),
  });
  return create(onnx.ValueInfoProtoSchema, {
    name,
    type: create(onnx.TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

function attributeProto(name: string, value: Attribute): onnx.AttributeProto {
  const type = onnx.AttributeProto_AttributeType;
  if (typeof value === 'number') return create(onnx.AttributeProtoSchema, { name, type: type.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(onnx.AttributeProtoSchema, { name, type: type.STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return create(onnx.AttributeProtoSchema, { name, type: type.FLOAT, f: value.float });
  return create(onnx.AttributeProtoSchema, { name, type: type.INTS, ints: value.map(BigInt) });
}

function rawBytes(values: ArrayLike<number>, dtype: DType): Uint8Array<ArrayBuffer> {
  if (dtype === 'bool') return Uint8Array.from(values);
  if (dtype === 's8') {
    const bytes = values instanceof Int8Array ? values : Int8Array.from(values);
    return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  }
  if (dtype === 'i64') return new Uint8Array(BigInt64Array.from(Array.from(values, (v) => BigInt(v))).buffer);
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  return new Uint8Array(floats.buffer as ArrayBuffer, floats.byteOffset, floats.byteLength);
}

export interface OnnxBuilder {
  /** Adds a node with one or more outputs and returns their names; an empty input name means "not given". */
  nodes(
    type: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Record<string, Attribute>,
    domain?: Domain,
  ): string[];
  /** A node with a single output. */
  node(type: string, inputs: readonly string[], attributes?: Record<string, Attribute>, domain?: Domain): string;
  input(name: string, dtype: DType, shape: Shape): void;
  output(name: string, from: string, dtype: DType, shape: Shape): void;
  initializer(values: ArrayLike<number>, shape: Shape, dtype: DType, name?: string): string;
  external(name: string, shape: Shape, where: ExternalData): string;
  /** A 1-D int64 initialiser, shared when the same values come again. */
  integers(values: readonly number[]): string;
  finish(): Uint8Array;
}

/** An empty model to add to. */
export function createOnnxBuilder(graphName: string): OnnxBuilder {
  const nodes: onnx.NodeProto[] = [];
  const initializer: onnx.TensorProto[] = [];
  const inputs: onnx.ValueInfoProto[] = [];
  const outputs: onnx.ValueInfoProto[] = [];
  const domains = new Set<Domain>(['']);
  const shared = new Map<string, string>();
  let count = 0;
  const fresh = (): string => `%${count++}`;

  const builder: OnnxBuilder = {
    nodes(type, from, outputCount, attributes = {}, domain = '') {
      domains.add(domain);
      const names = Array.from({ length: outputCount }, fresh);
      const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
      nodes.push(
        create(onnx.NodeProtoSchema, {
          name: `n${nodes.length}`,
          opType: type,
          domain,
          input: [...from],
          output: names,
          attribute,
        }),
      );
      return names;
    },
    node: (type, from, attributes = {}, domain = '') => builder.nodes(type, from, 1, attributes, domain)[0] as string,
    input: (name, dtype, shape) => void inputs.push(valueInfo(name, dtype, shape)),
    output(name, from, dtype, shape) {
      nodes.push(
        create(onnx.NodeProtoSchema, { name: `out_${name}`, opType: 'Identity', input: [from], output: [name] }),
      );
      outputs.push(valueInfo(name, dtype, shape));
    },
    initializer(values, shape, dtype, name = fresh()) {
      const dims = shape.map(BigInt);
      initializer.push(
        create(onnx.TensorProtoSchema, { name, dims, dataType: dataTypes[dtype], rawData: rawBytes(values, dtype) }),
      );
      return name;
    },
    external(name, shape, where) {
      const entry = (key: string, value: string | number): onnx.StringStringEntryProto =>
        create(onnx.StringStringEntryProtoSchema, { key, value: String(value) });
      const externalData = [
        entry('location', where.location),
        entry('offset', where.offset),
        entry('length', where.length),
      ];
      const dataLocation = onnx.TensorProto_DataLocation.EXTERNAL;
      const dims = shape.map(BigInt);
      initializer.push(
        create(onnx.TensorProtoSchema, { name, dims, dataType: dataTypes.f32, dataLocation, externalData }),
      );
      return name;
    },
    integers(values) {
      const key = values.join(',');
      const known = shared.get(key);
      if (known !== undefined) return known;
      const name = builder.initializer(values, [values.length], 'i64');
      shared.set(key, name);
      return name;
    },
    finish() {
      const graph = create(onnx.GraphProtoSchema, {
        name: graphName,
        node: nodes,
        initializer,
        input: inputs,
        output: outputs,
      });
      const opsetImport = [...domains].map((domain) =>
        create(onnx.OperatorSetIdProtoSchema, { domain, version: BigInt(domain === '' ? opset : 1) }),
      );
      return toBinary(
        onnx.ModelProtoSchema,
        create(onnx.ModelProtoSchema, { irVersion, producerName: 'biomedparse', graph, opsetImport }),
      );
    },
  };
  return builder;
}
