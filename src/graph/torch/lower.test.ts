import { describe, expect, it } from 'vitest';
import { add, linear, mul, relu, reshape, sigmoid, sumAll } from '../ops/index.ts';
import { input, parameter, type Tensor } from '../tensor.ts';
import { align } from './align.ts';
import { cutGraph } from './cut.ts';
import { createTorchLowering } from './lower.ts';

const sizes = { B: [5, 7, 11] };

/** Two layers of the same kind, then another one; written at three batch sizes. */
function layers(batch: number): { y: Tensor; hidden: Tensor } {
  const layer = (x: Tensor, n: number): Tensor => {
    const get = (name: string, shape: number[]): Tensor => parameter(`net.layers.${n}.${name}`, shape);
    const inner = relu(linear(x, get('linear1.weight', [8, 4]), get('linear1.bias', [8])));
    return add(x, linear(inner, get('linear2.weight', [4, 8]), get('linear2.bias', [4])));
  };
  const hidden = layer(input('x', [batch, 4]), 0);
  const last = layer(hidden, 1);
  const out = linear(last, parameter('net.out.weight', [2, 4]));
  return { y: mul(reshape(out, [2 * batch]), 1 / batch), hidden };
}

const names = ['0', '1']
  .flatMap((n) =>
    ['linear1.weight', 'linear1.bias', 'linear2.weight', 'linear2.bias'].map((name) => `net.layers.${n}.${name}`),
  )
  .concat('net.out.weight');

describe('the text of a network', () => {
  it('has one method for layers of one kind, and sizes by name', () => {
    const lowering = createTorchLowering({ sizes, names });
    const text = lowering.method({
      ...{ name: 'run', about: 'All of it.', parameters: ['x'] },
      copies: sizes.B.map((batch) => ({ y: layers(batch).y })),
      returns: ({ y }) => y,
    });
    expect(text).toBe(
      `def run(self, x):
    """All of it."""
    B = x.shape[0]
    net_layer_0 = self._net_layer(self.net.layers[0], x)
    net_layer_1 = self._net_layer(self.net.layers[1], net_layer_0)
    product = F.linear(net_layer_1, self.net.out.weight).reshape(-1) * (1 / (B))  # [2 * B]
    return product`,
    );
    expect(lowering.repeated()).toEqual([
      `def _net_layer(self, m, x):
    """net.layers.0, net.layers.1"""
    total = x + linear(F.relu(linear(x, m.linear1)), m.linear2)               # [B, 4]
    return total`,
    ]);
  });

  it('can be cut: what lies before is an input', () => {
    const { y, hidden } = layers(5);
    const { nodes } = align([[cutGraph({ y }, { hidden }).y]]);
    expect(nodes.filter(({ op }) => op === 'input').map(({ copies }) => copies[0].attributes.name)).toEqual(['hidden']);
  });

  it('is refused where copies differ in more than their sizes, and where no input tells a size', () => {
    const [x, y] = [input('x', [5]), input('x', [7])];
    expect(() => align([[relu(x)], [sigmoid(y)]])).toThrow(
      'copies of the graph differ in more than their sizes, near relu',
    );
    expect(() => align([[x], [relu(y)]])).toThrow('differ in more than their sizes');
    const lower = (): string =>
      createTorchLowering({ sizes, names: [] }).method({
        ...{ name: 'f', about: '', parameters: ['x'], returns: ({ z }) => z },
        copies: sizes.B.map((batch) => ({ z: mul(sumAll(input('x', [3])), batch) })),
      });
    expect(lower).toThrow('no input tells the size B');
  });
});
