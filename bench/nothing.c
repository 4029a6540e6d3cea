/* SPDX-License-Identifier: BSD-3-Clause */
/* nothing.c - a program that does nothing: start.c measures how long it takes to start and end */
int main(void)
{
	return 0;
}
