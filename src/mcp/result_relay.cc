#include "mcp/result_relay.h"

#include <optional>

#include "mcp/object_text.h"

namespace mcpo::mcp {
namespace {

// What belongs to the conversation between two peers. related-task and model-immediate-response
// share the prefix but speak about the result itself, so they pass (G-2).
bool is_hop_meta_key(std::string_view key) {
  constexpr std::string_view kReserved = "io.modelcontextprotocol/";
  if (!key.starts_with(kReserved)) return false;
  key.remove_prefix(kReserved.size());
  return key != "related-task" && key != "model-immediate-response";
}

bool has_hop_meta(RawJson meta) {
  for (RawJson::Member member : meta.members()) {
    if (is_hop_meta_key(member.name())) return true;
  }
  return false;
}

// Empty when nothing of it may pass.
std::string kept_meta(RawJson meta) {
  ObjectText kept;
  for (RawJson::Member member : meta.members()) {
    if (!is_hop_meta_key(member.name())) kept.copy(member);
  }
  return kept.empty() ? "" : kept.take();
}

bool is_hop_member(const RawJson::Member& member, Era to) {
  if (member.key_is("resultType")) return true;
  return to == Era::legacy && (member.key_is("ttlMs") || member.key_is("cacheScope"));
}

// Legacy schemas know only objects as structuredContent: anything else travels as {"result": v},
// and as text for clients that read only that.
struct LegacyWrap {
  std::optional<RawJson> structured;  // set: wrap it
  bool add_text = false;
};

LegacyWrap plan_wrap(RawJson result, Era to) {
  LegacyWrap plan;
  if (to != Era::legacy) return plan;
  auto structured = result.find("structuredContent");
  if (!structured || structured->is_object()) return plan;
  plan.structured = structured;
  auto content = result.find("content");
  plan.add_text = !content || content->size() == 0;
  return plan;
}

std::string text_content(std::string_view text) {
  return R"([{"type":"text","text":)" + json_string(text) + "}]";
}

bool passes_unchanged(RawJson result, Era to, const LegacyWrap& wrap) {
  if (wrap.structured) return false;
  for (RawJson::Member member : result.members()) {
    if (is_hop_member(member, to)) return false;
    if (member.key_is("_meta") && has_hop_meta(member.value)) return false;
  }
  return true;
}

}  // namespace

std::string relay_result(RawJson result, Era /*from*/, Era to) {
  if (!result.is_object()) return error_result("The server's result is not a JSON object.");
  const LegacyWrap wrap = plan_wrap(result, to);
  if (passes_unchanged(result, to, wrap)) return std::string(result.text());

  ObjectText out;
  for (RawJson::Member member : result.members()) {
    if (is_hop_member(member, to)) continue;
    if (member.key_is("_meta") && has_hop_meta(member.value)) {
      const std::string meta = kept_meta(member.value);
      if (!meta.empty()) out.add("_meta", meta);
    } else if (wrap.structured && member.key_is("structuredContent")) {
      ObjectText wrapper;
      wrapper.add("result", member.value.text());
      out.add("structuredContent", wrapper.take());
    } else if (!(wrap.add_text && member.key_is("content"))) {
      out.copy(member);
    }
  }
  if (wrap.add_text && wrap.structured) out.add("content", text_content(wrap.structured->text()));
  return out.take();
}

std::string relay_definition(RawJson definition) {
  if (!definition.find("execution")) return std::string(definition.text());
  ObjectText out;
  for (RawJson::Member member : definition.members()) {
    if (!member.key_is("execution")) out.copy(member);
  }
  return out.take();
}

std::string relay_request_meta(RawJson params) {
  auto meta = params.find("_meta");
  if (!meta) return {};
  ObjectText kept;
  for (RawJson::Member member : meta->members()) {
    if (!member.key_is("progressToken") && !is_hop_meta_key(member.name())) kept.copy(member);
  }
  return kept.empty() ? "" : kept.take();
}

std::string error_result(std::string_view text) {
  return R"({"content":)" + text_content(text) + R"(,"isError":true})";
}

}  // namespace mcpo::mcp
