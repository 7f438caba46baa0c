// Tables as kumactl prints them: columns are left aligned and three spaces apart, headers are given in upper case, no
// line ends in spaces.
#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <vector>

namespace kuma::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> headers) : headers_(std::move(headers)) {}
  // Shorter rows are filled with empty cells.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  size_t size() const { return rows_.size(); }
  void Print(std::ostream& out) const;
  std::string ToString() const;

 private:
  std::vector<std::string> headers_;
  std::vector<std::vector<std::string>> rows_;
};

// Ages as kumactl shows them: "12s", "5m", "3h", "2d", "1y"; "never" for times more than a second ahead.
std::string ShortAge(std::chrono::nanoseconds age);

}  // namespace kuma::cli
