#include "phatgoose/embed/encoder_tensor_names.h"

namespace phatgoose {

EncoderTensorNames bert_tensor_names() {
  return {.prefix = "bert.",
          .embedding_norm = "embeddings.LayerNorm",
          .layers = "encoder.layer.",
          .queries_keys_values = {".attention.self.query", ".attention.self.key", ".attention.self.value"},
          .attention_output = ".attention.output.dense",
          .attention_norm = ".attention.output.LayerNorm",
          .inner = {".intermediate.dense"},
          .outer = ".output.dense",
          .output_norm = ".output.LayerNorm"};
}

EncoderTensorNames mpnet_tensor_names() {
  return {.prefix = "mpnet.",
          .embedding_norm = "embeddings.LayerNorm",
          .layers = "encoder.layer.",
          .queries_keys_values = {".attention.attn.q", ".attention.attn.k", ".attention.attn.v"},
          .attention_output = ".attention.attn.o",
          .attention_norm = ".attention.LayerNorm",
          .inner = {".intermediate.dense"},
          .outer = ".output.dense",
          .output_norm = ".output.LayerNorm"};
}

EncoderTensorNames nomic_tensor_names() {
  return {.prefix = "nomic_bert.",
          .embedding_norm = "emb_ln",
          .layers = "encoder.layers.",
          .queries_keys_values = {".attn.Wqkv"},
          .attention_output = ".attn.out_proj",
          .attention_norm = ".norm1",
          .inner = {".mlp.fc12", ".mlp.fc11"},
          .outer = ".mlp.fc2",
          .output_norm = ".norm2"};
}

}  // namespace phatgoose
