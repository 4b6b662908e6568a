#include "app/secret.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mcpo::app {
namespace {

TEST(Secret, IsReadWithoutTheBlanksAroundIt) {
  EXPECT_EQ(*read_secret(" key\r\n", "", "the key"), "key");
  EXPECT_EQ(*read_secret("", "", "the key"), "");
}

TEST(Secret, OfAFileCountsBeforeTheOther) {
  const auto file = std::filesystem::temp_directory_path() / "mcpo-secret-test";
  std::ofstream(file) << "sesame\n";
  EXPECT_EQ(*read_secret("other", file.string(), "the key"), "sesame");
  std::filesystem::remove(file);
  EXPECT_FALSE(read_secret("other", file.string(), "the key"));
}

TEST(Secret, ThatNoHeaderCanCarryIsRefusedWithoutShowingIt) {
  const auto refused = read_secret("open\nsesame", "", "the key (KEY)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the key (KEY) has several lines or control characters");
}

}  // namespace
}  // namespace mcpo::app
