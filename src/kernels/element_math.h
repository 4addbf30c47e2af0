#pragma once
/// Scalar functions of the arithmetic that are not on hot paths, in binary64 with stated polynomials. Committed class.
namespace assay::kernels {

/// x * (1 + erf(x / sqrt 2)) / 2, rounded once to binary32 and stored by the rule.
float gelu_erf(float x);

/// exp, log, sine and cosine in binary64: own polynomials, only +, -, *, /, sqrt and fma.
double exp_f64(double x);
double log_f64(double x);
void sin_cos_f64(double x, double& sine, double& cosine);

} // namespace assay::kernels
