#include "gateway/explain.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/text.h"

namespace mcpo::gateway {
namespace {

using Part = std::pair<const char*, double>;

std::array<Part, 10> parts_of(const search::Explanation& one) {
  return {{{"lexical", one.lexical},
           {"semantic", one.semantic},
           {"server_part", one.server_part},
           {"name_part", one.name_part},
           {"sentence_part", one.sentence_part},
           {"bigram_part", one.bigram_part},
           {"usage_part", one.usage_part},
           {"repeat_part", one.repeat_part},
           {"room_part", one.room_part},
           {"exact_part", one.exact_part}}};
}

// "name 0.14 description 0.21": what each field gave to the words' part.
std::string fields_text(const search::Explanation& one) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < search::kFieldCount; ++i) {
    if (one.field_scores[i] == 0) continue;
    out.push_back(fmt::format("{} {:.2f}", search::to_string(static_cast<search::Field>(i)),
                              one.field_scores[i]));
  }
  return join(out, " ");
}

std::int64_t number(std::size_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

void append_explanation(JsonWriter& w, const search::Explanation& one) {
  w.begin_object().key("score").number(one.score());
  for (const auto& [name, value] : parts_of(one)) w.key(name).number(value);
  w.member_number("lexical_rank", number(one.lexical_rank));
  w.member_number("semantic_rank", number(one.semantic_rank));
  if (one.semantic_rank > 0) w.key("cosine").number(one.cosine);
  w.member_bool("exact_name", one.exact_name).member_bool("in_head", one.in_head);
  w.key("fields").begin_object();
  for (std::size_t i = 0; i < search::kFieldCount; ++i) {
    w.key(search::to_string(static_cast<search::Field>(i))).number(one.field_scores[i]);
  }
  w.end_object().key("matched_terms").begin_array();
  for (const std::string& term : one.matched_terms) w.string(term);
  w.end_array().key("filtered").begin_object();
  w.member_number("not_visible", number(one.hidden));
  w.member_number("too_far", number(one.too_far)).end_object().end_object();
}

std::string explanation_text(const search::Explanation& one) {
  std::vector<std::string> out;
  for (const auto& [name, value] : parts_of(one)) {
    if (value != 0) out.push_back(fmt::format("{} {:.2f}", name, value));
  }
  out.push_back(fmt::format("words #{}", one.lexical_rank));
  if (one.semantic_rank > 0) {
    out.push_back(fmt::format("meaning #{} (cosine {:.2f})", one.semantic_rank, one.cosine));
  }
  if (const std::string fields = fields_text(one); !fields.empty()) {
    out.push_back("fields: " + fields);
  }
  if (!one.matched_terms.empty()) out.push_back("matched: " + join(one.matched_terms, " "));
  return join(out, ", ");
}

}  // namespace mcpo::gateway
