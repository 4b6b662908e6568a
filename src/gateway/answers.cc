#include "gateway/answers.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "gateway/arguments.h"
#include "gateway/explain.h"

namespace mcpo::gateway {
namespace {

Result<std::string> read_keywords(RawJson arguments) {
  const auto value = arguments.find("tool_keywords");
  if (!value || value->is_null()) return std::string();
  if (auto text = value->as_string()) return *std::move(text);
  if (!value->is_array())
    return wrong_argument("tool_keywords", "a string or an array of strings", *value);
  std::vector<std::string> words;
  for (RawJson word : value->elements()) {
    auto text = word.as_string();
    if (!text) return wrong_argument("tool_keywords", "a string or an array of strings", *value);
    words.push_back(*std::move(text));
  }
  return join(words, " ");
}

void append_tool(std::string& out, const ViewTool& tool) {
  append_tool_json(out, tool.tool(), tool.server->name());
}

std::string token_metrics(std::int64_t baseline, std::int64_t returned) {
  const std::int64_t saved = std::max<std::int64_t>(0, baseline - returned);
  const double share =
      baseline > 0 ? static_cast<double>(saved) / static_cast<double>(baseline) : 0;
  JsonWriter w;
  w.begin_object()
      .member_number("baseline_tokens", baseline)
      .member_number("returned_tokens", returned)
      .member_number("tokens_saved", saved);
  w.key("savings_percentage").number(std::round(share * 10000) / 100);
  w.end_object();
  return w.take();
}

std::string candidate_json(const View& view, const search::Hit& hit) {
  const ViewTool tool = view.tool(hit.doc);
  JsonWriter w;
  w.begin_object().member("mcp_server_name", tool.server->name()).member("name", tool.tool().name);
  w.key("score").number(hit.score);
  w.end_object();
  return w.take();
}

std::string explain_json(const View& view, const search::Ranking& ranking,
                         const std::vector<search::Explanation>& explanations) {
  JsonWriter w;
  w.begin_array();
  for (std::size_t i = 0; i < explanations.size() && i < ranking.hits.size(); ++i) {
    const ViewTool tool = view.tool(ranking.hits[i].doc);
    w.begin_object()
        .member("mcp_server_name", tool.server->name())
        .member("name", tool.tool().name);
    append_explanation(w.key("explain"), explanations[i]);
    w.end_object();
  }
  w.end_array();
  return w.take();
}

// Base64 of "server\ntool": opaque to clients, and still meaningful after a rebuild.
std::string encode_cursor(const ViewTool& last) {
  return base64_encode(last.server->name() + "\n" + last.tool().name);
}

struct Position {
  std::string server;
  std::string tool;
};
Result<Position> decode_cursor(const std::string& cursor) {
  const auto plain = base64_decode(cursor);
  if (!plain || plain->find('\n') == std::string::npos) {
    return fail(Errc::invalid, "cursor is not one that list_tools gave; start again without it");
  }
  const auto line = plain->rfind('\n');
  return Position{plain->substr(0, line), plain->substr(line + 1)};
}

}  // namespace

Result<FindToolArguments> read_find_tool_arguments(RawJson arguments) {
  CHECK_OK(check_object(arguments));
  FindToolArguments out;
  TRY(auto description, optional_text(arguments, "tool_description"));
  TRY(out.keywords, read_keywords(arguments));
  if (const auto explain = arguments.find("explain")) {
    out.explain = explain->as_bool().value_or(false);
  }
  out.description = description.value_or("");
  if (trim(out.description).empty() && trim(out.keywords).empty()) {
    return fail(Errc::invalid,
                "tool_description is missing: say in a sentence what must be done, for example "
                "{\"tool_description\": \"create an issue in a repository\"}");
  }
  return out;
}

Result<ListToolsArguments> read_list_tools_arguments(RawJson arguments) {
  CHECK_OK(check_object(arguments));
  ListToolsArguments out;
  TRY(out.server_name, optional_text(arguments, "server_name"));
  TRY(out.cursor, optional_text(arguments, "cursor"));
  return out;
}

Result<CallToolArguments> read_call_tool_arguments(RawJson arguments) {
  CHECK_OK(check_object(arguments));
  CallToolArguments out;
  TRY(out.server_name, optional_text(arguments, "server_name"));
  TRY(auto tool, optional_text(arguments, "tool_name"));
  if (!tool || tool->empty()) {
    return fail(Errc::invalid,
                "tool_name is missing: give the name of a tool that find_tool showed");
  }
  out.tool_name = *std::move(tool);
  if (out.server_name && out.server_name->empty()) out.server_name.reset();
  if (const auto parameters = arguments.find("parameters"); parameters && !parameters->is_null()) {
    if (!parameters->is_object()) {
      return wrong_argument("parameters", "an object with the tool's own arguments", *parameters);
    }
    out.parameters = std::string(parameters->text());
  }
  return out;
}

std::string find_tool_answer(const View& view, const search::Ranking& ranking,
                             const std::string& words_only_because,
                             const std::vector<search::Explanation>& explanations) {
  std::string out = "{\"tools\":[";
  std::int64_t returned = 0;
  for (const search::Hit& hit : ranking.hits) {
    if (out.back() != '[') out.push_back(',');
    const ViewTool tool = view.tool(hit.doc);
    append_tool(out, tool);
    returned += tool.tokens();
  }
  out.append("],\"token_metrics\":").append(token_metrics(view.baseline_tokens(), returned));
  std::string note = ranking.hits.empty() ? ranking.note : std::string();
  if (!words_only_because.empty()) {
    note += (note.empty() ? "" : "; ") + ("ranked by words only: " + words_only_because);
  }
  if (!note.empty()) {
    out.append(",\"note\":");
    append_json_string(out, note);
  }
  if (!explanations.empty()) {
    out.append(",\"explain\":").append(explain_json(view, ranking, explanations));
    out.append(",\"not_running_tools\":").append(std::to_string(view.left_out().by_status));
  }
  if (ranking.hits.empty()) {
    out.append(",\"candidates\":[");
    for (const search::Hit& hit : ranking.candidates) {
      if (out.back() != '[') out.push_back(',');
      out.append(candidate_json(view, hit));
    }
    out.push_back(']');
  }
  out.push_back('}');
  return out;
}

Result<std::string> list_tools_answer(const View& view, const ListToolsArguments& arguments,
                                      std::size_t page_size) {
  search::DocId first = 0;
  auto last = static_cast<search::DocId>(view.tool_count());
  if (arguments.server_name) {
    TRY(const ViewServer* server, view.find_server(*arguments.server_name));
    const bool offered = server->offer == ViewServer::Offer::offered;
    first = server->first_tool;
    last = offered ? first + static_cast<search::DocId>(server->prepared->sorted.size()) : first;
  }
  if (arguments.cursor) {
    TRY(Position after, decode_cursor(*arguments.cursor));
    const auto is_shown = [&](search::DocId number) {
      const ViewTool tool = view.tool(number);
      const int order = tool.server->name().compare(after.server);
      return order < 0 || (order == 0 && tool.tool().name <= after.tool);
    };
    while (first < last && is_shown(first)) ++first;
  }
  const bool more = last - first > page_size;
  if (more) last = first + static_cast<search::DocId>(page_size);
  std::string out = "{\"tools\":[";
  for (search::DocId number = first; number < last; ++number) {
    if (number > first) out.push_back(',');
    append_tool(out, view.tool(number));
  }
  out.push_back(']');
  if (more) {
    out.append(",\"next_cursor\":");
    append_json_string(out, encode_cursor(view.tool(last - 1)));
  }
  out.push_back('}');
  return out;
}

std::string structured_result(std::string_view json_object) {
  std::string out;
  out.reserve(json_object.size() * 5 / 2 + 96);
  out.append("{\"content\":[{\"type\":\"text\",\"text\":");
  append_json_string(out, json_object);
  out.append("}],\"structuredContent\":").append(json_object).append(",\"isError\":false}");
  return out;
}

}  // namespace mcpo::gateway
