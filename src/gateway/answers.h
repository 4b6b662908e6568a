// The JSON of this program's own tools (drop-in section 1), and how their arguments are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "gateway/view.h"
#include "search/engine.h"

namespace mcpo::gateway {

struct FindToolArguments {
  std::string description;
  std::string keywords;  // space separated; empty when none were given
  bool explain = false;  // for people who wonder about a ranking; not in the tool's schema
};
struct ListToolsArguments {
  std::optional<std::string> server_name;
  std::optional<std::string> cursor;
};
struct CallToolArguments {
  std::optional<std::string> server_name;
  std::string tool_name;
  std::string parameters = "{}";  // raw JSON object
};

// Errors: invalid, for the model: which argument, what was given, what is wanted. Unknown members
// are ignored.
Result<FindToolArguments> read_find_tool_arguments(RawJson arguments);
Result<ListToolsArguments> read_list_tools_arguments(RawJson arguments);
Result<CallToolArguments> read_call_tool_arguments(RawJson arguments);

// {"tools":[...],"token_metrics":{...}}, with `note` and `candidates` when nothing was found. A
// note also says when the search went by words alone although it should not; `explanations`, when
// they were asked for, are those of the hits.
std::string find_tool_answer(const View& view, const search::Ranking& ranking,
                             const std::string& words_only_because,
                             const std::vector<search::Explanation>& explanations);
// {"tools":[...],"next_cursor"?}. A cursor names the last tool of its page, so that pages stay
// right when tools come and go. Errors: invalid (cursor), and those of View::find_server.
Result<std::string> list_tools_answer(const View& view, const ListToolsArguments& arguments,
                                      std::size_t page_size);

// The same JSON as structuredContent and, for clients that know only text, as text.
std::string structured_result(std::string_view json_object);

}  // namespace mcpo::gateway
