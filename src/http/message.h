// HTTP messages as plain values, for server and client alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcpo::http {

// Fields in order; names compare without case (RFC 9110 section 5.1). Few per message: linear.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void set(std::string_view name, std::string value);  // replaces all of that name
  void remove(std::string_view name);
  // The first of that name; the view lives as long as the field.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

struct Request {
  std::string method;  // upper case
  std::string target;  // as on the request line: path and query
  Headers headers;
  std::string body;

  std::string_view path() const;   // without the query
  std::string_view query() const;  // without '?'
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

std::string_view reason_phrase(int status);
// "application/json" of "Application/JSON; charset=utf-8": lower case, without parameters.
std::string media_type(std::string_view content_type);

}  // namespace mcpo::http
