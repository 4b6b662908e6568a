// One JSON-RPC message, cut into slices of its own text. Nothing is decoded that need not be: what
// passes through us leaves as the bytes that came.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mcpo::mcp {

enum class MessageKind { request, notification, result, error };

// A value; copies share the text. Slices stay valid as long as any copy (or `text`) lives.
struct Message {
  std::shared_ptr<const std::string> text;
  MessageKind kind = MessageKind::notification;
  std::string id;      // raw JSON of a string or an integer, type kept; empty when there is none
  std::string method;  // requests and notifications
  std::optional<RawJson> params;  // an object or an array
  RawJson result;                 // kind == result: any JSON value
  RawJson error;                  // kind == error: the error object

  // A member of params._meta.
  std::optional<RawJson> meta(std::string_view name) const;
};

// What to answer when a message cannot be understood: `id` is the request's where it could be read.
struct MessageError {
  int code = 0;  // kParseError, kInvalidRequest
  std::string message;
  std::string id;
};

// One message. Arrays (batches) are invalid here: see split_batch().
std::expected<Message, MessageError> parse_message(std::string text, const JsonLimits& limits);

// The elements of a JSON array text as texts of their own; nullopt when it is not an array.
std::expected<std::optional<std::vector<std::string>>, MessageError> split_batch(
    const std::string& text, const JsonLimits& limits);

// Builders. `id`, `params`, `result`, `data` are raw JSON; empty params or data are left out, and
// so is an empty id of an error (S-19).
std::string make_request(std::string_view id, std::string_view method, std::string_view params);
std::string make_notification(std::string_view method, std::string_view params);
std::string make_result(std::string_view id, std::string_view result);
std::string make_error(std::string_view id, int code, std::string_view message,
                       std::string_view data = {});

}  // namespace mcpo::mcp
