#include "mcp/message.h"

#include <algorithm>

#include "mcp/protocol.h"

namespace mcpo::mcp {
namespace {

// 7 and -7, at any length: ids are passed on as they came, so none need fit a machine integer.
bool is_integer_text(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_valid_id(RawJson id) {
  return id.is_string() || (id.kind() == JsonKind::number && is_integer_text(id.text()));
}

struct Members {
  std::optional<RawJson> jsonrpc, id, method, params, result, error;
};

Members read_members(RawJson object) {
  Members found;
  auto keep_first = [](std::optional<RawJson>& slot, RawJson value) {
    if (!slot) slot = value;
  };
  for (RawJson::Member member : object.members()) {
    if (member.key_is("jsonrpc")) keep_first(found.jsonrpc, member.value);
    if (member.key_is("id")) keep_first(found.id, member.value);
    if (member.key_is("method")) keep_first(found.method, member.value);
    if (member.key_is("params")) keep_first(found.params, member.value);
    if (member.key_is("result")) keep_first(found.result, member.value);
    if (member.key_is("error")) keep_first(found.error, member.value);
  }
  return found;
}

// Fills kind and the kind's own members, or says what is wrong.
std::optional<std::string> classify(const Members& found, Message& message) {
  if (found.method) {
    if (!found.method->is_string()) return "method is not a string";
    message.method = found.method->as_string().value_or("");
    message.kind = found.id ? MessageKind::request : MessageKind::notification;
    // Some clients write absent params as null.
    if (found.params && !found.params->is_null()) {
      if (!found.params->is_object() && !found.params->is_array()) {
        return "params is neither an object nor an array";
      }
      message.params = found.params;
    }
    return std::nullopt;
  }
  if (found.result && found.error) return "both result and error";
  if (found.result) {
    if (!found.id) return "a result without id";
    message.kind = MessageKind::result;
    message.result = *found.result;
    return std::nullopt;
  }
  if (found.error) {
    if (!found.error->is_object()) return "error is not an object";
    message.kind = MessageKind::error;
    message.error = *found.error;
    return std::nullopt;
  }
  return "neither method, result nor error";
}

std::unexpected<MessageError> invalid_request(std::string what, std::string id = {}) {
  return std::unexpected(
      MessageError{kInvalidRequest, "Invalid Request: " + std::move(what), std::move(id)});
}

}  // namespace

std::optional<RawJson> Message::meta(std::string_view name) const {
  if (!params) return std::nullopt;
  auto meta_object = params->find("_meta");
  if (!meta_object) return std::nullopt;
  return meta_object->find(name);
}

std::expected<Message, MessageError> parse_message(std::string text, const JsonLimits& limits) {
  Message message;
  message.text = std::make_shared<const std::string>(std::move(text));
  auto document = parse_json(*message.text, limits);
  if (!document) {
    return std::unexpected(
        MessageError{kParseError, "Parse error: " + document.error().message, {}});
  }
  if (document->is_array()) return invalid_request("a batch is not allowed here");
  if (!document->is_object()) return invalid_request("not an object");

  const Members found = read_members(*document);
  // The peer of an error may not have known the id: plain JSON-RPC then writes null.
  const bool nobodys_error = found.error && !found.method && found.id && found.id->is_null();
  if (found.id && !nobodys_error) {
    if (!is_valid_id(*found.id)) return invalid_request("id is neither a string nor an integer");
    message.id = std::string(found.id->text());
  }
  if (!found.jsonrpc || found.jsonrpc->as_string() != "2.0") {
    return invalid_request("jsonrpc is not \"2.0\"", message.id);
  }
  if (auto wrong = classify(found, message)) return invalid_request(*wrong, message.id);
  return message;
}

std::expected<std::optional<std::vector<std::string>>, MessageError> split_batch(
    const std::string& text, const JsonLimits& limits) {
  // What does not open with a bracket is no array; parse_message will say whether it is JSON.
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] != '[') return std::nullopt;
  auto document = parse_json(text, limits);
  if (!document) {
    return std::unexpected(
        MessageError{kParseError, "Parse error: " + document.error().message, {}});
  }
  std::vector<std::string> parts;
  for (RawJson element : document->elements()) parts.emplace_back(element.text());
  if (parts.empty()) return invalid_request("an empty batch");
  return parts;
}

std::string make_request(std::string_view id, std::string_view method, std::string_view params) {
  JsonWriter w;
  w.begin_object().member("jsonrpc", "2.0").key("id").raw(id).member("method", method);
  if (!params.empty()) w.key("params").raw(params);
  return w.end_object().text();
}

std::string make_notification(std::string_view method, std::string_view params) {
  JsonWriter w;
  w.begin_object().member("jsonrpc", "2.0").member("method", method);
  if (!params.empty()) w.key("params").raw(params);
  return w.end_object().text();
}

std::string make_result(std::string_view id, std::string_view result) {
  JsonWriter w;
  w.begin_object().member("jsonrpc", "2.0").key("id").raw(id).key("result").raw(result);
  return w.end_object().text();
}

std::string make_error(std::string_view id, int code, std::string_view message,
                       std::string_view data) {
  JsonWriter w;
  w.begin_object().member("jsonrpc", "2.0");
  if (!id.empty()) w.key("id").raw(id);
  w.key("error").begin_object().member_number("code", code).member("message", message);
  if (!data.empty()) w.key("data").raw(data);
  return w.end_object().end_object().text();
}

}  // namespace mcpo::mcp
