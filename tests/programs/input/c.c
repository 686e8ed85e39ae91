/* c.c - for clang under wasmrun: loops, floating point, a switch. */
int add(int a, int b)
{
    return a * b + 3;
}

static double t[100];

double f(double x, int n)
{
    double s = 0;

    for (int i = 0; i < n; i++)
        s += t[i] * x / (i + 1);
    return s;
}

unsigned long long g(unsigned long long a)
{
    switch (a) {
    case 1: return 9;
    case 2: return 77;
    case 3: return 5;
    case 4: return 11;
    case 7: return a * 3;
    }
    return a >> 3;
}
