// Requests and responses of others: any split gives the same messages, within the limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/message_reader.h"

namespace {

using namespace mcpo::http;
using Fault = MessageReader::Fault;

constexpr ReadLimits kLimits{.max_header_bytes = 512, .max_body_bytes = 256};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string text;  // every message, flat
  Fault fault = Fault::none;
};

void take_message(MessageReader& reader, Outcome& out) {
  out.text += std::to_string(reader.status()) + (reader.keep_alive() ? "k" : "c");
  Request request = reader.take_request();
  require(request.body.size() <= kLimits.max_body_bytes);
  out.text += request.method + " " + request.target + "\n";
  for (const auto& [name, value] : request.headers.fields()) {
    require(name.find('\r') == std::string::npos && value.find('\r') == std::string::npos);
    out.text += name + ":" + value + "\n";
  }
  out.text += request.body + "\n";
  reader.begin();
}

Outcome read(MessageReader::Role role, std::string_view bytes, std::size_t piece) {
  MessageReader reader(role, kLimits);
  Outcome out;
  for (std::size_t at = 0; at < bytes.size() && out.fault == Fault::none; at += piece) {
    out.fault = reader.push(bytes.substr(at, piece));
    while (out.fault == Fault::none && reader.stage() == MessageReader::Stage::done) {
      take_message(reader, out);
      out.fault = reader.push("");
    }
  }
  if (out.fault == Fault::none && !reader.is_untouched()) {
    out.fault = reader.end();
    if (out.fault == Fault::none) take_message(reader, out);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto role : {MessageReader::Role::request, MessageReader::Role::response}) {
    const Outcome whole = read(role, bytes, size + 1);
    const Outcome split = read(role, bytes, 1);
    // Which fault is seen first may depend on the split, as may where a limit strikes.
    if (whole.fault == Fault::none && split.fault == Fault::none) require(whole.text == split.text);
  }
  return 0;
}
