// The one legend of tensor shapes. A comment such as `// [N, D]` after a line gives the shape of what the line makes.
//
//   B  rows of a batch        S  source length        T  target length       N  packed (real) tokens of a pass
//   D  d_model                F  d_ff                 H  heads               K  head size
//   V  vocabulary             R  LoRA rank            E  experts             k  experts used per token
//   in, out  input and output size of a linear        G  summed output size of a linear group
//
// Token-wise work runs on packed tensors [N, ...]: the real tokens of all rows, back to back, without pads.
#pragma once
