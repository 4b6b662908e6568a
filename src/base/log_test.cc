#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace mcpo {
namespace {

// What a logger with these options writes.
std::string logged(Logger::Options options, auto write) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  options.fd = ends[1];
  Logger log(options);
  write(log);
  ::close(ends[1]);
  std::string out(4096, '\0');
  const auto size = ::read(ends[0], out.data(), out.size());
  ::close(ends[0]);
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return out;
}

TEST(Log, TextLineHasTimeLevelMessageFields) {
  const auto line = logged({}, [](Logger& log) {
    log.warn("server is slow", {{"server", "git hub"}, {"ms", 5}, {"plain", "x"}});
  });
  EXPECT_EQ(line.substr(24), " WARNING server is slow server=\"git hub\" ms=5 plain=x\n");
}

TEST(Log, LevelsAreFiveWideSoThatMessagesAlign) {
  const auto line = logged({}, [](Logger& log) { log.info("up", {{"empty", ""}}); });
  EXPECT_EQ(line.substr(23), "Z INFO  up empty=\"\"\n");
}

TEST(Log, OutsideTextCannotForgeALine) {
  const auto line = logged({}, [](Logger& log) { log.info("a\nERROR b", {{"k", "c\nd"}}); });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, JsonLine) {
  const auto line = logged({.format = LogFormat::json},
                           [](Logger& log) { log.info("m\"", {{"n", 7}, {"s", "x"}}); });
  EXPECT_TRUE(line.ends_with(R"("level":"INFO","message":"m\"","n":7,"s":"x"})"
                             "\n"))
      << line;
}

TEST(Log, LevelsBelowAreSilent) {
  const auto line = logged({.level = LogLevel::error}, [](Logger& log) { log.info("x"); });
  EXPECT_EQ(line, "");
  EXPECT_EQ(parse_log_level("warning").value(), LogLevel::warning);
  EXPECT_FALSE(parse_log_level("loud").has_value());
}

TEST(Log, RateLimitSaysHowManyWereHeldBack) {
  LogRateLimit limit(2, 1000);
  EXPECT_TRUE(limit.pass(0).allowed);
  EXPECT_TRUE(limit.pass(1).allowed);
  EXPECT_FALSE(limit.pass(2).allowed);
  EXPECT_FALSE(limit.pass(3).allowed);
  const auto pass = limit.pass(1500);
  EXPECT_TRUE(pass.allowed);
  EXPECT_EQ(pass.suppressed, 2);
}

}  // namespace
}  // namespace mcpo
