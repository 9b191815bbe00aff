// How the tasks of a modular adapter mix its skills (METHODS 6, 7), and what follows from that: which tasks are alike,
// and how many skills a layer uses.
//
// A task has logits Z [M, S] at every linear: M mixtures (ModularShape::mixtures: the splits, one, or the orders) over
// S skills (or tensor ranks). Its weights there are w = sigmoid(Z) / (sum over S of sigmoid(Z) + 1e-12).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/store/modular_directory.h"

namespace phatgoose {

/// w of every task at one linear, [tasks, M, S] in this order, from its logits [tasks, M S] of any floating-point type.
std::vector<double> mixing_weights(const TensorView& logits, std::int64_t skills);

/// exp of the entropy of S weights, divided by their sum first: S where all are the same, 1 where one has everything,
/// and 0 where all are zero.
double effective_skills(const double* weights, std::int64_t skills);

/// [tasks, tasks], row by row: the cosine of the weights of two tasks, those of all linears and mixtures as one vector.
/// NaN where a task's weights are all zero. For an adapter with routing.
std::vector<double> task_similarity(const ModularDirectory& adapter);

/// What the linears of one layer use, means over these, their mixtures and the tasks.
struct LayerSkills {
  std::string layer;            ///< "encoder.block.0"
  double effective;             ///< of effective_skills
  std::vector<double> weights;  ///< [S], of w
};

/// Of each layer that the adapter adapts: those of the encoder, then those of the decoder, by number. Linears outside
/// of the blocks of a T5 are a layer for themselves, by path, after these. For an adapter with routing.
std::vector<LayerSkills> skills_by_layer(const ModularDirectory& adapter);

}  // namespace phatgoose
