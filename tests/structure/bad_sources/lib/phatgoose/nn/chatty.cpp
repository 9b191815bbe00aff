#include <cstdlib>
#include <iostream>

#include "phatgoose/odd/folder.h"

void give_up() {
  std::cout << "sorry\n";
  std::exit(1);
}

at::Tensor grow(const at::Tensor& x) { return at::exp(x).tanh_(); }
