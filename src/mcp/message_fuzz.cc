// Everything that reads JSON-RPC text and definitions of others: must not crash, and what it writes
// must be JSON again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mcp/message.h"
#include "mcp/result_relay.h"
#include "mcp/token_count.h"
#include "mcp/tool.h"
#include "mcp/x_mcp_header.h"

namespace {

using namespace mcpo;
using namespace mcpo::mcp;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_json(const std::string& text) { require(parse_json(text, {}).has_value()); }

void relay(RawJson value) {
  for (Era to : {Era::legacy, Era::modern}) {
    const std::string relayed = relay_result(value, Era::modern, to);
    require_json(relayed);
    // What was relayed once passes unchanged.
    require(relay_result(RawJson::trusted(relayed), Era::modern, to) == relayed);
  }
  require_json(relay_definition(value));
  if (const std::string meta = relay_request_meta(value); !meta.empty()) require_json(meta);
}

void read_definition(RawJson value) {
  if (auto page = parse_tool_page(value)) {
    for (const ToolDefinition& tool : page->tools) {
      require_json(tool.json);
      parameter_texts(RawJson::trusted(tool.json));
    }
  }
  parameter_texts(value);
  if (auto parameters = header_parameters(value)) {
    for (const HeaderParameter& parameter : *parameters) {
      if (auto text = parameter_text(value, parameter)) {
        require(decode_header_value(encode_header_value(*text)) == *text);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  require(estimate_tokens(text) >= 0);
  decode_header_value(text);
  if (auto message = parse_message(text, {})) {
    require(!message->id.empty() || message->kind == MessageKind::notification ||
            message->kind == MessageKind::error);
    message->meta("progressToken");
    if (message->kind == MessageKind::request) {
      const std::string params(message->params ? message->params->text() : "");
      auto again = parse_message(make_request(message->id, message->method, params), {});
      require(again && again->id == message->id && again->method == message->method);
    }
  }
  if (auto parts = split_batch(text, {}); parts && *parts) {
    for (const std::string& part : **parts) require_json(part);
  }
  if (auto document = parse_json(text, {})) {
    relay(*document);
    read_definition(*document);
  }
  return 0;
}
