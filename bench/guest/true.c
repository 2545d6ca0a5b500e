/* The smallest program for the exec operations, linked statically: the cost that is left is
 * the cost of exec itself and not that of the dynamic loader. */
int main(void)
{
	return 0;
}
