/** The operators, all in one place. */
export * from './convolution.ts';
export * from './elementwise.ts';
export * from './linear.ts';
export * from './normalise.ts';
export * from './quantised.ts';
export * from './reduce.ts';
export * from './shape.ts';
