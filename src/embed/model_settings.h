// How a sentence encoder wants its texts and what becomes of its output: from the configuration
// files that lie beside a model, else from what is known of its name. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "embed/bert_words.h"

namespace mcpo::embed {

enum class Pooling { mean, cls };

struct ModelSettings {
  Pooling pooling = Pooling::mean;
  std::string query_prefix;
  std::string document_prefix;
  std::size_t longest_text = 512;  // tokens, special ones and prefix among them
  bool operator==(const ModelSettings&) const = default;
};

// Contents of files; empty where there is none.
struct ModelConfiguration {
  std::string modules;                // modules.json: what follows the graph
  std::string pooling;                // 1_Pooling/config.json
  std::string sentence_bert;          // sentence_bert_config.json: max_seq_length
  std::string sentence_transformers;  // config_sentence_transformers.json: prompts
  std::string tokenizer;              // tokenizer_config.json: model_max_length, do_lower_case
  std::string model;                  // config.json: max_position_embeddings
};

// What is known of all-MiniLM, bge and e5, by a part of the name in any case; else the defaults.
ModelSettings known_settings(std::string_view name);
// `known`, where the files do not say otherwise. Errors: invalid (a file is no JSON; a pooling or
// a module, such as Dense, that we do not do).
Result<ModelSettings> settings_of(ModelSettings known, const ModelConfiguration& files);
// For a `vocab.txt`, which says nothing of case: from tokenizer_config.json. Errors: invalid.
Result<BertRules> bert_rules_of(const ModelConfiguration& files);

// Names prefixes, pooling and length, for the identity of vectors.
std::string describe(const ModelSettings& settings);

}  // namespace mcpo::embed
