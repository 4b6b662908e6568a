// The tests' main: as the product's, it doubles as the supervisor of the processes it starts.
#include <gtest/gtest.h>

#include <string_view>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
