#include "mcp/tool.h"

#include <utility>

#include "mcp/object_text.h"

namespace mcpo::mcp {
namespace {

constexpr std::string_view kAnyObjectSchema = R"({"type":"object"})";

std::string string_member(RawJson object, std::string_view name) {
  auto value = object.find(name);
  return value ? value->as_string().value_or("") : "";
}

std::string title_of(RawJson definition) {
  std::string title = string_member(definition, "title");
  if (!title.empty()) return title;
  auto annotations = definition.find("annotations");
  return annotations ? string_member(*annotations, "title") : "";
}

std::string with_any_object_schema(RawJson definition) {
  ObjectText out;
  for (RawJson::Member member : definition.members()) {
    if (!member.key_is("inputSchema")) out.copy(member);
  }
  return out.add("inputSchema", kAnyObjectSchema).take();
}

void read_definition(RawJson definition, ToolPage& page) {
  ToolDefinition tool;
  tool.name = string_member(definition, "name");
  if (tool.name.empty()) {
    page.problems.push_back("a tool without a name was left out");
    return;
  }
  auto schema = definition.find("inputSchema");
  if (schema && schema->is_object()) {
    tool.json = minified(definition);
  } else {
    page.problems.push_back("tool " + tool.name + " has no inputSchema object");
    const std::string repaired = with_any_object_schema(definition);
    tool.json = minified(RawJson::trusted(repaired));
  }
  tool.title = title_of(definition);
  tool.description = string_member(definition, "description");
  page.tools.push_back(std::move(tool));
}

// Walks a JSON Schema and collects what helps to find a tool by its parameters.
class ParameterWalk {
 public:
  explicit ParameterWalk(int max_depth) : max_depth_(max_depth) {}

  // `level`: how many properties deep; `steps`: schemas within schemas, so that long chains of
  // combinators end too.
  void schema(RawJson value, int level, int steps) {
    if (!value.is_object() || steps > 4 * max_depth_) return;
    for (RawJson::Member member : value.members()) {
      if (member.key_is("properties")) {
        properties(member.value, level, steps);
      } else if (member.key_is("description")) {
        add(out_.texts, member.value);
      } else if (member.key_is("enum")) {
        for (RawJson choice : member.value.elements()) add(out_.texts, choice);
      } else if (member.key_is("$defs") || member.key_is("definitions")) {
        for (RawJson::Member part : member.value.members()) schema(part.value, level, steps + 1);
      } else if (is_one_schema(member)) {
        schema(member.value, level, steps + 1);
      } else if (is_list_of_schemas(member)) {
        for (RawJson part : member.value.elements()) schema(part, level, steps + 1);
      }
    }
  }

  ParameterTexts take() { return std::move(out_); }

 private:
  static bool is_one_schema(const RawJson::Member& member) {
    return member.key_is("items") || member.key_is("additionalProperties");
  }
  static bool is_list_of_schemas(const RawJson::Member& member) {
    return member.key_is("anyOf") || member.key_is("oneOf") || member.key_is("allOf") ||
           member.key_is("prefixItems");
  }

  void properties(RawJson value, int level, int steps) {
    if (level >= max_depth_) return;
    for (RawJson::Member member : value.members()) {
      add(out_.names, member.key);
      schema(member.value, level + 1, steps + 1);
    }
  }

  static void add(std::string& out, RawJson value) {
    auto text = value.as_string();
    if (!text || text->empty()) return;
    if (!out.empty()) out += ' ';
    out += *text;
  }

  int max_depth_;
  ParameterTexts out_;
};

}  // namespace

Result<ToolPage> parse_tool_page(RawJson list_result) {
  auto tools = list_result.find("tools");
  if (!tools || !tools->is_array()) {
    return fail(Errc::corrupt, "the result of tools/list has no array of tools");
  }
  ToolPage page;
  for (RawJson definition : tools->elements()) read_definition(definition, page);
  if (auto cursor = list_result.find("nextCursor")) page.next_cursor = cursor->as_string();
  if (auto ttl = list_result.find("ttlMs")) {
    page.ttl_ms = ttl->as_int64();
    if (page.ttl_ms && *page.ttl_ms < 0) page.ttl_ms.reset();
  }
  return page;
}

ParameterTexts parameter_texts(RawJson definition, int max_depth) {
  ParameterWalk walk(max_depth);
  if (auto schema = definition.find("inputSchema")) walk.schema(*schema, 0, 0);
  return walk.take();
}

}  // namespace mcpo::mcp
