#include "embed/model_settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace mcpo::embed {
namespace {

constexpr std::string_view kBgeInstruction =
    "Represent this sentence for searching relevant passages: ";

// A file's object; an empty one where there is no file.
Result<RawJson> object_of(std::string_view text, std::string_view file) {
  if (text.empty()) return RawJson::trusted("{}");
  auto parsed = parse_json(text, {});
  if (!parsed) return std::unexpected(with_context(std::move(parsed).error(), file));
  return *parsed;
}

std::optional<bool> flag_of(RawJson object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_bool() : std::nullopt;
}

// What is switched on, by its newer name: newer files have one "pooling_mode" (a text, or a list),
// older ones a flag for each.
std::vector<std::string> pooling_modes(RawJson config) {
  constexpr std::string_view kOlder = "pooling_mode_";
  std::vector<std::string> modes;
  if (const auto mode = config.find("pooling_mode")) {
    if (mode->is_string()) modes.push_back(mode->as_string().value_or(""));
    for (const RawJson one : mode->elements()) modes.push_back(one.as_string().value_or(""));
    return modes;
  }
  for (const RawJson::Member member : config.members()) {
    std::string name = member.name();
    if (!name.starts_with(kOlder) || !member.value.as_bool().value_or(false)) continue;
    name.erase(0, kOlder.size());
    modes.emplace_back(name.substr(0, name.find("_token")));
  }
  return modes;
}

// Several are put one after the other in Python, which we do not do.
Result<Pooling> pooling_of(RawJson config, Pooling otherwise) {
  const std::vector<std::string> modes = pooling_modes(config);
  if (modes.empty()) return otherwise;
  if (modes == std::vector<std::string>{"mean"}) return Pooling::mean;
  if (modes == std::vector<std::string>{"cls"}) return Pooling::cls;
  return fail(
      Errc::invalid,
      "1_Pooling/config.json asks for a pooling other than mean and cls, which are the ones "
      "supported");
}

// "sentence_transformers.models.Dense" is "Dense".
std::string_view last_part(std::string_view type) { return type.substr(type.rfind('.') + 1); }

// What follows the graph in Python: to leave a step out would give other vectors, silently. Dropout
// does nothing outside training.
Result<void> check_modules(RawJson modules) {
  constexpr std::array<std::string_view, 4> kDone{"Transformer", "Pooling", "Normalize", "Dropout"};
  if (!modules.is_array()) return {};
  for (const RawJson module : modules.elements()) {
    const auto type = module.find("type");
    const std::string name = type ? type->as_string().value_or("") : "";
    if (std::ranges::find(kDone, last_part(name)) != kDone.end()) continue;
    return fail(Errc::invalid,
                "modules.json names a module \"" + name +
                    "\", which is not supported: only Transformer, Pooling and Normalize are");
  }
  return {};
}

// Models without a limit of their own say 1e30.
void shorten(std::size_t& longest, RawJson object, std::string_view key) {
  const auto value = object.find(key);
  const auto number = value ? value->as_int64() : std::nullopt;
  if (number && *number >= 8) longest = std::min(longest, static_cast<std::size_t>(*number));
}

void read_prompt(std::string& prefix, RawJson prompts,
                 std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto value = prompts.find(name);
    if (value && value->is_string()) {
      prefix = value->as_string().value_or("");
      return;
    }
  }
}

}  // namespace

ModelSettings known_settings(std::string_view name) {
  const std::string lower = ascii_lower(name);
  ModelSettings settings;
  if (lower.contains("bge-")) {
    settings.pooling = Pooling::cls;
    if (lower.contains("-en")) settings.query_prefix = kBgeInstruction;
  } else if (lower.contains("e5-")) {
    settings.query_prefix = "query: ";
    settings.document_prefix = "passage: ";
  }
  return settings;
}

Result<ModelSettings> settings_of(ModelSettings known, const ModelConfiguration& files) {
  TRY(const RawJson modules, object_of(files.modules, "modules.json"));
  CHECK_OK(check_modules(modules));
  TRY(const RawJson pooling, object_of(files.pooling, "1_Pooling/config.json"));
  TRY(const RawJson bert, object_of(files.sentence_bert, "sentence_bert_config.json"));
  TRY(const RawJson sentence,
      object_of(files.sentence_transformers, "config_sentence_transformers.json"));
  TRY(const RawJson tokenizer, object_of(files.tokenizer, "tokenizer_config.json"));
  TRY(const RawJson model, object_of(files.model, "config.json"));
  TRY(known.pooling, pooling_of(pooling, known.pooling));
  shorten(known.longest_text, bert, "max_seq_length");
  shorten(known.longest_text, tokenizer, "model_max_length");
  shorten(known.longest_text, model, "max_position_embeddings");
  if (const auto prompts = sentence.find("prompts")) {
    read_prompt(known.query_prefix, *prompts, {"query", "s2p_query"});
    read_prompt(known.document_prefix, *prompts, {"document", "passage"});
  }
  return known;
}

Result<BertRules> bert_rules_of(const ModelConfiguration& files) {
  TRY(const RawJson config, object_of(files.tokenizer, "tokenizer_config.json"));
  BertRules rules;
  rules.lowercase = flag_of(config, "do_lower_case").value_or(true);
  rules.strip_accents = flag_of(config, "strip_accents").value_or(rules.lowercase);
  rules.split_cjk = flag_of(config, "tokenize_chinese_chars").value_or(true);
  return rules;
}

std::string describe(const ModelSettings& settings) {
  const std::string prefixes = settings.query_prefix + '\n' + settings.document_prefix;
  return std::string(settings.pooling == Pooling::mean ? "mean" : "cls") + "-" +
         std::to_string(settings.longest_text) +
         (prefixes.size() > 1 ? "-" + content_hash(prefixes).hex().substr(0, 8) : "");
}

}  // namespace mcpo::embed
